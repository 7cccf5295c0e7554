// SPDX-License-Identifier: Apache-2.0
// Commands about several programs, groups, and signals.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <csignal>
#include <fstream>
#include <iterator>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

// db <- api <- web, of which the first two are the backend.
std::string chain() {
  return misbehaving("db", {"--ready"}, "groups = [\"backend\"]\n") +
         misbehaving("api", {"--ready"},
                     "groups = [\"backend\"]\nafter = [\"db\"]\nreplicas = 2\n") +
         misbehaving("web", {"--ready"}, "after = [\"api\"]\n");
}

// The workers that the events name, in order, of one kind of event.
std::vector<std::string> workers_of(Stack& stack, const std::string& kind) {
  std::vector<std::string> workers;
  for (const json& event : stack.events()) {
    if (event["kind"] == kind) workers.push_back(event.value("worker", ""));
  }
  return workers;
}

// A program that writes down each SIGHUP and SIGUSR1 that it gets.
std::string listening(const std::string& name, const std::filesystem::path& file,
                      const std::string& more = "") {
  const std::string script = "trap 'echo HUP >> " + file.string() + "' HUP; trap 'echo USR1 >> " +
                             file.string() + "' USR1; echo listening; while :; do sleep 0.02; done";
  return "[program." + name + "]\n" + command_of({"/bin/sh", "-c", script}) +
         "ready_log = \"listening\"\nstop_scope = \"main\"\n" + more + "\n";
}

std::string contents(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

TEST_CASE("several names, globs, groups and all: one request, one outcome, in the order of after") {
  Stack stack(chain(), kNoPort);
  stack.wait_ready();
  const auto stopped = stack.command({"stop", "all"});
  INFO(stopped.output);
  REQUIRE(stopped.exit_code == 0);
  REQUIRE(stopped.output == "stopped web\nstopped api\nstopped db\n");
  const std::vector<std::string> ends = workers_of(stack, "stopped");
  REQUIRE(ends.size() == 4);
  CHECK(ends.front() == "web.0");
  CHECK(ends.back() == "db.0");

  const auto started = stack.command({"start", "web", "group:backend"});
  INFO(started.output);
  REQUIRE(started.exit_code == 0);
  REQUIRE(started.output == "db is started\napi is started\nweb is started\n");
  const std::vector<std::string> starts = workers_of(stack, "ready");
  REQUIRE(starts.size() == 8);
  CHECK(starts[4] == "db.0");
  CHECK(starts[7] == "web.0");

  const pid_t db = stack.pid_of("db.0");
  const pid_t api = stack.pid_of("api.1");
  REQUIRE(stack.command({"restart", "api.?", "w*"}).exit_code == 0);
  CHECK(stack.pid_of("db.0") == db);
  CHECK(stack.pid_of("api.1") != api);
}

TEST_CASE("a name that matches nothing touches nothing, and the error names what is near") {
  Stack stack(chain(), kNoPort);
  stack.wait_ready();
  const auto unknown = stack.command({"stop", "web", "apu"});
  CHECK(unknown.exit_code == 1);
  CHECK(unknown.output.find("no program 'apu'; did you mean 'api'?") != std::string::npos);
  CHECK(stack.state_of("web.0") == "ready");
  const auto group = stack.command({"restart", "group:bckend"});
  CHECK(group.exit_code == 1);
  CHECK(group.output.find("did you mean 'backend'?") != std::string::npos);
  CHECK(stack.command({"status", "apu"}).exit_code == 2);
  CHECK(stack.command({"logs", "x*"}).exit_code == 2);
}

TEST_CASE("a failure among several says which, and what comes after it is given up") {
  TempDir dir;
  // Starts once, and never again.
  const std::string script = "test -e " + (dir / "once").string() + " && exit 3; touch " +
                             (dir / "once").string() + "; exec " +
                             (bin_dir() / "misbehave").string() + " --ready";
  Stack stack("[program.db]\n" + command_of({"/bin/sh", "-c", script}) +
                  "watchdog = \"0s\"\nrestart = \"never\"\n" +
                  misbehaving("api", {"--ready"}, "after = [\"db\"]\n") +
                  misbehaving("web", {"--ready"}),
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.command({"stop", "all"}).exit_code == 0);
  const auto answer = stack.command({"start", "all"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 1);
  CHECK(answer.output.find("2 of 3 programs failed: db, api") != std::string::npos);
  CHECK(answer.output.find("! api: given up, because db has failed") != std::string::npos);
  CHECK(answer.output.find("web is started") != std::string::npos);
  CHECK(stack.state_of("web.0") == "ready");
  CHECK(stack.state_of("api.0") == "stopped");
}

TEST_CASE("status and logs of some programs show those alone") {
  Stack stack(chain(), kNoPort);
  stack.wait_ready();
  const auto table = stack.command({"status", "group:backend"});
  CHECK(table.exit_code == 0);
  CHECK(table.output.find("api.1") != std::string::npos);
  CHECK(table.output.find("web.0") == std::string::npos);
  REQUIRE(stack.command({"stop", "web"}).exit_code == 0);
  CHECK(stack.command({"status"}).exit_code == 1);
  CHECK(stack.command({"status", "api.1", "db"}).exit_code ==
        0);  // its own health, not the stack's
  const json shown = json::parse(stack.command({"status", "--json", "api.1"}).output);
  REQUIRE(shown["programs"].size() == 1);
  CHECK(shown["programs"][0]["groups"] == json{"backend"});
  REQUIRE(shown["programs"][0]["workers"].size() == 1);
  CHECK(shown["programs"][0]["workers"][0]["name"] == "api.1");
}

TEST_CASE("signal reaches the processes that are named, and refuses what would look like a crash") {
  TempDir dir;
  Stack stack(listening("a", dir / "a") + listening("b", dir / "b"), kNoPort);
  stack.wait_ready();
  const auto sent = stack.command({"signal", "a", "b.0", "SIGUSR1"});
  INFO(sent.output);
  REQUIRE(sent.exit_code == 0);
  REQUIRE(sent.output == "SIGUSR1 sent to a.0\nSIGUSR1 sent to b.0\n");
  REQUIRE(wait_until([&] { return contents(dir / "a") == "USR1\n"; }));
  REQUIRE(wait_until([&] { return contents(dir / "b") == "USR1\n"; }));
  REQUIRE(stack.command({"signal", "a", std::to_string(SIGHUP)}).exit_code == 0);
  REQUIRE(wait_until([&] { return contents(dir / "a") == "USR1\nHUP\n"; }));
  CHECK(stack.wait_event("signalled", "SIGHUP sent to a.0"));
  for (const char* refused : {"KILL", "STOP", "9", "HUPP"}) {
    INFO(refused);
    CHECK(stack.command({"signal", "a", refused}).exit_code == 2);
  }
  CHECK(stack.worker("a.0")["starts"] == 1);
  REQUIRE(stack.command({"stop", "b"}).exit_code == 0);
  const auto idle = stack.command({"signal", "b", "HUP"});
  CHECK(idle.exit_code == 1);
  CHECK(idle.output.find("b does not run") != std::string::npos);
}

TEST_CASE("reload_signal: a reload tells what it does not replace, by command and by SIGHUP") {
  TempDir dir;
  const std::string config = listening("proxy", dir / "proxy", "reload_signal = \"HUP\"\n") +
                             listening("plain", dir / "plain");
  Stack stack(config, kNoPort);
  stack.wait_ready();
  const pid_t pid = stack.pid_of("proxy.0");
  const auto reloaded = stack.command({"reload"});
  INFO(reloaded.output);
  REQUIRE(reloaded.exit_code == 0);
  REQUIRE(reloaded.output == "> proxy: SIGHUP (reload_signal)\n");
  REQUIRE(wait_until([&] { return contents(dir / "proxy") == "HUP\n"; }));
  stack.supervisor().signal(SIGHUP);
  REQUIRE(wait_until([&] { return contents(dir / "proxy") == "HUP\nHUP\n"; }));
  CHECK(contents(dir / "plain").empty());
  CHECK(stack.pid_of("proxy.0") == pid);

  stack.write_config(listening("proxy", dir / "proxy",
                               "reload_signal = \"HUP\"\nenvironment = { NEW = \"1\" }\n") +
                     listening("plain", dir / "plain"));
  const auto replaced = stack.command({"reload"});
  INFO(replaced.output);
  REQUIRE(replaced.exit_code == 0);
  CHECK(replaced.output.find("reload_signal") == std::string::npos);
  CHECK(stack.pid_of("proxy.0") != pid);
  CHECK(contents(dir / "proxy") == "HUP\nHUP\n");
}
