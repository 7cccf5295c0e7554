// SPDX-License-Identifier: Apache-2.0
// What a program may ask for: when it starts, which of its exits are failures, its limits.
#include "common/os/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <sys/stat.h>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

std::string shell(const std::string& name, const std::string& script, const std::string& more) {
  return "[program." + name + "]\n" + command_of({"/bin/sh", "-c", script}) + more + "\n";
}

}  // namespace

TEST_CASE("autostart: a program without it starts by command, and until then nobody misses it") {
  Stack stack(misbehaving("web", {"--ready"}) +
                  misbehaving("tool", {"--ready"}, "autostart = false\n") +
                  shell("later", "exec sleep 600",
                        "ready = \"started\"\nrequired = false\nafter = [\"tool\"]\n"),
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.status()["state"] == "ready");
  REQUIRE(stack.state_of("tool.0") == "stopped");
  const auto table = stack.command({"status"});
  REQUIRE(table.exit_code == 0);
  REQUIRE(table.output.find("autostart is off: 'holdfast start tool' starts it") !=
          std::string::npos);
  REQUIRE(stack.worker("later.0")["status"] == "waiting for tool");
  const auto refused = stack.command({"start", "later"});
  REQUIRE(refused.exit_code == 1);
  REQUIRE(refused.output.find("tool, which is not started (autostart is off)") !=
          std::string::npos);
  REQUIRE(stack.command({"start", "tool"}).exit_code == 0);
  REQUIRE(stack.state_of("tool.0") == "ready");
  REQUIRE(stack.wait_state("later.0", "ready"));
  REQUIRE(stack.command({"stop", "tool"}).exit_code == 0);
  REQUIRE(stack.status()["state"] == "ready");
}

TEST_CASE("success_exit_codes: a oneshot that ends with one is done, a service is left stopped") {
  Stack stack(
      shell("job", "exit 3", "type = \"oneshot\"\nsuccess_exit_codes = [3]\n") +
          shell("once", "kill -TERM $$",
                "ready = \"started\"\nrestart = \"on-failure\"\nsuccess_exit_codes = [143]\n"
                "required = false\n"),
      kNoPort);
  stack.wait_ready();
  REQUIRE(stack.wait_state("job.0", "done"));
  REQUIRE(stack.wait_state("once.0", "stopped"));
  REQUIRE(stack.worker("once.0")["restarts"] == 0);
  REQUIRE(stack.status()["state"] == "ready");
}

TEST_CASE("max_restarts_per_hour: then the worker has failed, and event, alert and status say so") {
  Stack stack(misbehaving("web", {"--ready"}) +
                  shell("bad", "exit 3",
                        "ready = \"started\"\nrequired = false\nmax_restarts_per_hour = 2\n"
                        "backoff_base = \"1ms\"\n"),
              kNoPort);
  REQUIRE(stack.wait_state("bad.0", "failed"));
  REQUIRE(stack.worker("bad.0")["restarts"] == 2);
  REQUIRE(stack.wait_event("failed", "max_restarts_per_hour allows no more"));
  // That it crashed is no alert of its own any more.
  REQUIRE(wait_until([&] { return stack.status()["alerts"].size() == 1; }));
  const json status = stack.status();
  REQUIRE(status["state"] == "degraded");
  REQUIRE(status["alerts"][0]["target"] == "bad.0");
  REQUIRE(status["alerts"][0]["summary"].get<std::string>().find("exit 3; restarted 2 times") !=
          std::string::npos);
  REQUIRE(stack.command({"status"}).output.find("restarted 2 times within an hour") !=
          std::string::npos);
  REQUIRE(stack.command({"start", "bad"}).exit_code == 0);  // started, and so ready
  REQUIRE(wait_until([&] { return stack.worker("bad.0")["starts"] >= 4; }));
}

TEST_CASE("limits and listeners: soft and hard limits apart, and the socket's owner and mode") {
  TempDir dir;
  const std::string socket = (dir / "web.sock").string();
  Stack stack("[listen.web]\naddress = \"unix:" + socket + "\"\nmode = \"606\"\n" +
                  shell("web",
                        "ulimit -Sn > " + (dir / "soft").string() + "; ulimit -Hn > " +
                            (dir / "hard").string() + "; exec sleep 600",
                        "ready = \"started\"\nsockets = [\"web\"]\n"
                        "rlimits = { nofile = \"100:200\" }\n"),
              kNoPort);
  stack.wait_ready();
  REQUIRE(wait_until([&] { return read_file(dir / "hard").value_or("") == "200\n"; }));
  REQUIRE(read_file(dir / "soft").value_or("") == "100\n");
  struct stat info {};
  REQUIRE(::stat(socket.c_str(), &info) == 0);
  REQUIRE((info.st_mode & 0777) == 0606);
}
