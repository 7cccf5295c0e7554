// SPDX-License-Identifier: Apache-2.0
// Why a worker died: stacks, errors, hangs and memory, with real workers and foreign programs.
#include "tests/integration/crashes/reports.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

std::string text_of(const json& list) {
  std::string text;
  for (const json& one : list)
    text += one.get<std::string>() + "\n";
  return text;
}

// A program that is not started again, so that there is one report of it.
std::string once(const std::string& name, const std::vector<std::string>& argv,
                 const std::string& more = "") {
  return "[program." + name + "]\n" + command_of(argv) +
         "ready = \"started\"\nrestart = \"never\"\nrequired = false\n" + more + "\n";
}

[[maybe_unused]] std::string crasher(const std::string& how) {
  return once("crasher", {(bin_dir() / "crasher").string(), how});
}

}  // namespace

TEST_CASE("SIGSEGV of an API worker: the stack has names, and events and status lead to it") {
  Stack stack("[listen.http]\naddress = \"127.0.0.1:0\"\n\n" + api_workers(1));
  stack.wait_ready();
  stack.signal("api-worker.0", SIGSEGV);
  const json report = wait_crash(stack, "api-worker.0");
  INFO(report.dump());
  REQUIRE(report.is_object());
  CHECK(report["exit"]["text"] == "signal 11 (SIGSEGV)");
  // Without optimisation an answer in the making may be deeper than what is kept of a stack.
  CHECK_THAT(text_of(report["stack"]),
             Catch::Contains(sanitized() ? "holdfast::" : "holdfast::worker::run_worker("));
  CHECK(report["exit"].value("core_dumped", false) == report.contains("core_dump"));
  CHECK(text_of(report["last_lines"]).find("fatal signal") == std::string::npos);
  const std::string id = report["id"];
  REQUIRE(stack.wait_event("crash_stack"));
  for (const json& event : stack.events()) {
    if (event["kind"] == "crashed" || event["kind"] == "crash_stack")
      CHECK(event.value("crash", "") == id);
    else
      CHECK_FALSE(event.contains("crash"));
  }
  CHECK(stack.worker("api-worker.0").value("last_crash", "") == id);
}

TEST_CASE("an uncaught exception: type and message, with the cause") {
  if (sanitized()) return;  // it handles signals itself
  Stack stack(crasher("terminate"), kNoPort);
  const json report = wait_crash(stack, "crasher.0");
  INFO(report.dump());
  REQUIRE(report.is_object());
  CHECK(report["exit"]["signal"] == SIGABRT);
  CHECK_THAT(report["error"]["type"].get<std::string>(), Catch::Contains("std::runtime_error"));
  CHECK(report["error"]["message"] ==
        "cannot search; caused by std::logic_error: the index is empty");
  CHECK_THAT(report["next_try"].get<std::string>(), Catch::StartsWith("not again"));
}

TEST_CASE("a stack overflow on a thread of the worker's") {
  if (sanitized()) return;  // it handles signals itself
  Stack stack(crasher("overflow"), kNoPort);
  const json report = wait_crash(stack, "crasher.0");
  INFO(report.dump());
  REQUIRE(report.is_object());
  CHECK(report["exit"]["signal"] == SIGSEGV);
  CHECK(report["stack"].size() > 3);
}

TEST_CASE("a worker that stands still: the watchdog's report has the stacks of all its threads") {
  if (sanitized()) return;  // it handles signals itself
  Stack stack("[listen.http]\naddress = \"127.0.0.1:0\"\n\n" +
              api_workers(1,
                          "watchdog = \"2s\"\nwatchdog_interval = \"500ms\"\n"
                          "watchdog_grace = \"30s\"\n"));
  stack.wait_ready();
  // Its pool has threads once something has run on it.
  REQUIRE(stack.get("/api/search?q=text").status == 200);
  stack.signal("api-worker.0", SIGSTOP);
  const json report = wait_crash(stack, "api-worker.0");
  INFO(report.dump(2));
  REQUIRE(report.is_object());
  CHECK(report["kind"] == "hung");
  CHECK(report["exit"]["signal"] == SIGABRT);
  CHECK_THAT(report["summary"].get<std::string>(), Catch::StartsWith("hung: "));
  CHECK_THAT(text_of(report["stack"]), Catch::Contains("holdfast::worker::run_worker("));
  std::string names;
  for (const json& thread : report["threads"]) {
    names += thread["thread"].get<std::string>() + "\n";
    CHECK_FALSE(thread["frames"].empty());
  }
  CHECK_THAT(names, Catch::StartsWith("holdfast-api-wo ") && Catch::Contains("store-writer ") &&
                        Catch::Contains("api-pool "));
}

TEST_CASE("a program of another language: its own words for the error, and the frames") {
  const TempDir dir;
  std::ofstream(dir / "fail.py") << "def answer():\n    return {}['missing']\nanswer()\n";
  Stack stack(once("py", {"python3", (dir / "fail.py").string()}), kNoPort);
  const json report = wait_crash(stack, "py.0");
  INFO(report.dump());
  REQUIRE(report.is_object());
  CHECK(report["exit"]["code"] == 1);
  CHECK(report["error"]["type"] == "KeyError");
  CHECK(report["error"]["message"] == "'missing'");
  REQUIRE(report["stack"].size() == 2);
  CHECK(report["stack"][0] == "answer (" + (dir / "fail.py").string() + ":2)");
}

TEST_CASE("memory_max: the report says that it was memory, and how much") {
  Stack stack("[program.hog]\n" +
                  command_of({"/bin/sh", "-c", "x=$(yes | head -c 60000000); sleep 1000; :"}) +
                  "ready = \"started\"\nmemory_max = \"20MiB\"\nrequired = false\n",
              kNoPort);
  const json report = wait_crash(stack, "hog.0");
  INFO(report.dump());
  REQUIRE(report.is_object());
  CHECK(report["kind"] == "memory_max");
  CHECK_THAT(report["oom"].get<std::string>(), Catch::Contains("more than memory_max"));
}

TEST_CASE("a program that cannot be started, one that says 78, and one that exits too soon") {
  const TempDir dir;
  const std::filesystem::path script = dir / "script";
  std::ofstream(script) << "#!/bin/sh\nrm '" << script.native() << "'\n";  // runs once
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  Stack stack(misbehaving("strict", {"--exit", "78"}, "required = false\n") +
                  misbehaving("brief", {"--print", "goodbye", "--exit", "0"},
                              "ready = \"started\"\nrequired = false\n") +
                  "[program.absent]\n" + command_of({script.string()}) + "required = false\n",
              kNoPort);
  const json strict = wait_crash(stack, "strict.0");
  REQUIRE(strict.is_object());
  CHECK(strict["kind"] == "failed");
  CHECK_THAT(strict["next_try"].get<std::string>(), Catch::Contains("78"));
  const json brief = wait_crash(stack, "brief.0");
  REQUIRE(brief.is_object());
  CHECK(brief["kind"] == "exited_unexpectedly");
  CHECK_THAT(text_of(brief["last_lines"]), Catch::Contains("goodbye"));
  json absent;
  REQUIRE(wait_until([&] {
    for (const json& crash : list_crashes(stack, "absent")) {
      if (crash["kind"] == "spawn_failed") absent = crash;
    }
    return absent.is_object();
  }));
  CHECK_FALSE(absent.contains("pid"));
  CHECK_THAT(absent["summary"].get<std::string>(), Catch::Contains("exec"));
}

TEST_CASE("planned ends leave no report: stop, restart, scale and shutdown") {
  Stack stack(misbehaving("web", {"--ready"}, "replicas = 2\n"), kNoPort);
  stack.wait_ready();
  REQUIRE(stack.command({"restart", "web"}).exit_code == 0);
  REQUIRE(stack.command({"scale", "web", "1"}).exit_code == 0);
  REQUIRE(stack.command({"stop", "web"}).exit_code == 0);
  REQUIRE(stack.command({"start", "web"}).exit_code == 0);
  CHECK(list_crashes(stack).empty());
  stack.supervisor().signal(SIGTERM);
  stack.supervisor().wait();
  stack.start();
  stack.wait_ready();
  CHECK(list_crashes(stack).empty());
}
