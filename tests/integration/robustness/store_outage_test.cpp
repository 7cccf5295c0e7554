// SPDX-License-Identifier: Apache-2.0
// One outage of the store has one answer: at the start or later, unreachable, full or damaged.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/small_disk.hpp"

#include <signal.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

// Restarts are quick, so that a stack that recovers does so at once.
std::string stack_on(const std::string& store = {}) {
  const std::string quick =
      "backoff_base = \"50ms\"\nbackoff_cap = \"200ms\"\n"
      "crash_loop_exits = 200\n";
  return (store.empty() ? "" : "[store]\nurl = \"" + store + "\"\n\n") +
         "[program.migrate]\ncommand = [\"holdfast-queue-worker\", \"migrate\"]\n"
         "type = \"oneshot\"\n" +
         quick +
         "\n[program.queue-worker]\ncommand = [\"holdfast-queue-worker\"]\n"
         "after = [\"migrate\"]\n" +
         quick +
         "\n[program.api-worker]\ncommand = [\"holdfast-api-worker\"]\n"
         "sockets = [\"http\"]\nafter = [\"queue-worker\"]\n" +
         quick;
}

json ready_of(Stack& stack, int& status) {
  const auto answer = http::fetch(
      "GET", "unix:" + (stack.runtime_dir() / "status.sock").string() + ":/ready?verbose", {}, "",
      {});
  status = answer ? answer->status : 0;
  return answer ? json::parse(answer->body, nullptr, false) : json();
}

// On a disk that is full there is one for that, too.
std::vector<std::string> alerts_but_space(const json& status) {
  std::vector<std::string> names;
  for (const json& alert : status["alerts"]) {
    const std::string name = alert.value("name", "");
    if (name != "HoldfastStoreSpaceLow") names.push_back(name);
  }
  return names;
}

// /ready, the database's check and the alerts, as they are for every outage.
bool is_out(Stack& stack) {
  int code = 0;
  const json ready = ready_of(stack, code);
  const json status = stack.status();
  if (code != 503 || !ready.is_object() || !status.is_object()) return false;
  return ready.value("status", "") == "fail" && !status.value("ready", true) &&
         status.value("state", "ready") != "ready" &&
         ready.value("reason", "").find("the database cannot be used") != std::string::npos &&
         ready["checks"]["database"].value("status", "") == "fail" &&
         alerts_but_space(status) == std::vector<std::string>{"HoldfastStoreUnavailable"};
}

bool passes(Stack& stack) {
  int code = 0;
  const json ready = ready_of(stack, code);
  return code == 200 && ready.value("status", "") == "pass";
}

bool is_back(Stack& stack) {
  return passes(stack) && alerts_but_space(stack.status()).empty();
}

// No answer where the worker died of the test.
std::optional<http::Response> try_post(Stack& stack, const json& body) {
  http::Headers headers;
  headers.set("Content-Type", "application/json");
  const auto answer = http::fetch("POST", stack.api() + "/api/documents", headers, body.dump(), {});
  if (!answer) return std::nullopt;
  return *answer;
}

}  // namespace

TEST_CASE("store outage: unreachable at the start, and back") {
  const TempDir directory;
  const fs::path place = directory / "not-mounted";
  Stack stack(stack_on("sqlite://" + (place / "documents.db").string()), kNoPort);
  REQUIRE(wait_until([&] { return is_out(stack); }));
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_store_unavailable") == 1);
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_ready") == 0);
  fs::create_directory(place);
  REQUIRE(wait_until([&] { return is_back(stack); }));
}

TEST_CASE("store outage: unreachable later, and back") {
  Stack stack(stack_on(), kNoPort);
  stack.wait_ready();
  REQUIRE(wait_until([&] { return is_back(stack); }));
  const fs::path database = stack.file("state") / "holdfast.db";
  fs::rename(database, database.native() + ".away");
  REQUIRE(wait_until([&] { return is_out(stack); }));
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_store_unavailable") == 1);
  REQUIRE(wait_until([&] { return stack.get("/ready").status == 503; }));
  fs::rename(database.native() + ".away", database);
  REQUIRE(wait_until([&] { return is_back(stack); }));
  REQUIRE(wait_until([&] { return stack.get("/ready").status == 200; }));
}

// Of five documents none may be accepted: they would be in a file that nobody finds again.
TEST_CASE("store outage: replaced later, and no document is accepted into the file that is gone") {
  const TempDir elsewhere;
  Stack stack(stack_on(), kNoPort);
  stack.wait_ready();
  REQUIRE(wait_until([&] { return is_back(stack); }));
  const fs::path database = stack.file("state") / "holdfast.db";
  fs::copy_file(database, elsewhere / "b.db");
  fs::rename(elsewhere / "b.db", database.native() + ".b");
  fs::rename(database, database.native() + ".away");
  fs::rename(database.native() + ".b", database);
  for (int i = 0; i < 5; ++i) {
    const auto answer = stack.post_json("/api/documents", {{"content", std::to_string(i)}});
    CHECK(answer.status == 503);
  }
  REQUIRE(wait_until([&] { return is_out(stack); }));
  REQUIRE(wait_until([&] {
    return stack.supervisor().output().find("'holdfast.db' was replaced while it was in use") !=
           std::string::npos;
  }));
  // A worker that starts now would mix the new file with the log of the former one.
  stack.signal("api-worker.0", SIGKILL);
  REQUIRE(wait_until([&] {
    return stack.supervisor().output().find("belongs to the former one") != std::string::npos;
  }));
  fs::rename(database.native() + ".away", database);
  REQUIRE(wait_until([&] {
    return stack.post_json("/api/documents", {{"content", "x"}}).status == 202;
  }));
  REQUIRE(wait_until([&] { return stack.get("/ready").status == 200; }));
}

// Who opens the database anew has other locks and another log than who has it open, so all of them
// have to begin anew, and what was in the log alone has to be kept.
TEST_CASE("store outage: files beside the database are deleted, and back with every document") {
  const std::vector<std::string> suffixes =
      GENERATE(std::vector<std::string>{"-shm"}, std::vector<std::string>{"-wal"},
               std::vector<std::string>{".writelock"}, std::vector<std::string>{"-wal", "-shm"},
               std::vector<std::string>{"-shm", "-wal", ".writelock"});
  const std::string crash = GENERATE("none", "before", "after");
  INFO(suffixes.front() << ", one of " << suffixes.size() << "; crash: " << crash);
  Stack stack(stack_on() + "replicas = 2\n", kNoPort);
  stack.wait_ready();
  REQUIRE(wait_until([&] { return is_back(stack); }));
  const std::vector<std::string> names = {"api-worker.0", "api-worker.1", "queue-worker.0"};
  std::vector<pid_t> before;
  for (const std::string& name : names)
    before.push_back(stack.pid_of(name));
  std::vector<std::string> stored;
  const auto store = [&] {
    const auto answer = try_post(stack, {{"content", "document"}});
    if (answer && answer->status == 202)
      stored.push_back(json::parse(answer->body)["id"].get<std::string>());
    return answer && answer->status == 202;
  };
  for (int i = 0; i < 20; ++i)
    REQUIRE(store());
  if (crash == "before") stack.signal("api-worker.0", SIGKILL);
  for (const std::string& suffix : suffixes)
    fs::remove(stack.file("state") / ("holdfast.db" + suffix));
  if (crash == "after") stack.signal("api-worker.0", SIGKILL);

  REQUIRE(wait_until([&] {
    store();
    for (std::size_t i = 0; i < names.size(); ++i) {
      const pid_t now = stack.pid_of(names[i]);
      // One that was killed may have begun with the files as they are now.
      if (now == 0 || (now == before[i] && names[i] != "api-worker.0")) return false;
    }
    return passes(stack);  // that a worker was killed remains an alert
  }));
  REQUIRE(stack.wait_logged("was moved or deleted while it was in use"));
  for (int i = 0; i < 20; ++i)
    REQUIRE(store());
  for (const std::string& id : stored)
    CHECK(stack.get("/api/documents/" + id).status == 200);
  CHECK(stack.supervisor().output().find("signal 6") == std::string::npos);
}

TEST_CASE("store outage: full later, and back without a restart") {
  const SmallDisk disk("size=16m,mode=0755");
  if (!disk.mounted()) return;
  Stack stack(stack_on(), {{"PORT", "0"}, {"HOLDFAST_STATE_DIR", disk.path()}});
  stack.wait_ready();
  REQUIRE(wait_until([&] { return is_back(stack); }));
  const pid_t worker = stack.pid_of("api-worker.0");
  disk.fill_with_bytes();
  // Until the last room in the log is used up.
  int number = 0;
  REQUIRE(wait_until([&] {
    stack.post_json("/api/documents", {{"content", "document " + std::to_string(++number)}});
    return is_out(stack);
  }));
  disk.empty();
  REQUIRE(wait_until([&] { return is_back(stack); }));
  CHECK(stack.pid_of("api-worker.0") == worker);
}

TEST_CASE("store outage: of one worker among others, whose stack stays ready with a warning") {
  Stack stack(stack_on() +
                  "\n[program.cut-off]\ncommand = [\"holdfast-api-worker\"]\nsockets = [\"http\"]\n"
                  "after = [\"api-worker\"]\nrequired = false\nrlimits = { fsize = \"4KiB\" }\n",
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.wait_state("cut-off.0", "ready"));
  int code = 0;
  REQUIRE(wait_until([&] {
    const json ready = ready_of(stack, code);
    return ready.is_object() && ready["checks"]["database"].value("status", "") == "warn";
  }));
  const json ready = ready_of(stack, code);
  INFO(ready.dump());
  CHECK(code == 200);
  CHECK(ready["status"] == "warn");
  const json database = ready["checks"]["database"];
  CHECK(database["reached_by"].get<int>() + 1 == database["workers"].get<int>());
  CHECK(stack.status()["ready"] == true);
}

TEST_CASE("store outage: full at the start, and back") {
  const SmallDisk disk("size=16m,mode=0755");
  if (!disk.mounted()) return;
  Stack stack(stack_on(), {{"PORT", "0"}, {"HOLDFAST_STATE_DIR", disk.path()}});
  stack.wait_ready();
  stack.supervisor().signal(SIGTERM);
  stack.supervisor().wait();
  disk.fill_with_bytes();
  stack.start();
  REQUIRE(wait_until([&] { return is_out(stack); }));
  disk.empty();
  REQUIRE(wait_until([&] { return is_back(stack); }));
}

TEST_CASE("store outage: damaged at the start") {
  Stack stack(stack_on(), kNoPort);
  stack.wait_ready();
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait().value == 0);
  {
    std::fstream file(stack.file("state") / "holdfast.db",
                      std::ios::in | std::ios::out | std::ios::binary);
    file.write("no database any more", 20);
  }
  stack.start();
  REQUIRE(wait_until([&] { return is_out(stack); }));
}
