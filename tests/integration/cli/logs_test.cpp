// SPDX-License-Identifier: Apache-2.0
// holdfast logs: the latest lines, of all workers or one, and those that follow.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <sys/stat.h>

#include <csignal>
#include <fstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

std::string saying(const std::string& name, const std::string& script) {
  return "[program." + name + "]\n" + command_of({"/bin/sh", "-c", script}) +
         "ready = \"started\"\n\n";
}

const std::map<std::string, std::string> kJson{{"PORT", "0"}, {"LOG_FORMAT", "json"}};

}  // namespace

TEST_CASE("logs shows the last lines of every worker, of a program, or of one worker") {
  Stack stack(saying("talker", "echo hello from the talker; exec sleep 1000") +
                  saying("other", "echo hello from the other; exec sleep 1000") +
                  "[program.pair]\n" +
                  command_of({"/bin/sh", "-c", "echo pair $HOLDFAST_WORKER; exec sleep 1000"}) +
                  "ready = \"started\"\nreplicas = 2\n",
              kJson);
  stack.wait_ready();
  REQUIRE(wait_until([&] {
    const std::string all = stack.command({"logs"}).output;
    return all.find("hello from the talker") != std::string::npos &&
           all.find("hello from the other") != std::string::npos &&
           all.find("pair pair.1") != std::string::npos &&
           all.find("pair pair.0") != std::string::npos &&
           all.find(R"("worker":"holdfast")") != std::string::npos;
  }));
  const auto one = stack.command({"logs", "talker"});
  CHECK(one.exit_code == 0);
  CHECK(one.output.find("hello from the talker") != std::string::npos);
  CHECK(one.output.find("hello from the other") == std::string::npos);
  const auto worker = stack.command({"logs", "pair.1"}).output;
  CHECK(worker.find("pair pair.1") != std::string::npos);
  CHECK(worker.find("pair pair.0") == std::string::npos);
  const auto last = stack.command({"logs", "-n", "1", "pair"}).output;
  CHECK(std::count(last.begin(), last.end(), '\n') == 1);
}

TEST_CASE("logs for an unknown name is an error, not an empty answer") {
  Stack stack(saying("talker", "exec sleep 1000"), kJson);
  stack.wait_ready();
  const auto answer = stack.command({"logs", "tlaker"});
  CHECK(answer.exit_code == 2);
  CHECK(answer.output.find("no program 'tlaker'; did you mean 'talker'?") != std::string::npos);
  CHECK(stack.command({"logs", "talker"}).exit_code == 0);  // it has said nothing yet
}

TEST_CASE("logs -f prints lines as they appear, and reports when the supervisor is gone") {
  const TempDir dir;
  const std::string fifo = (dir / "fifo").string();
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  Stack stack(
      saying("talker", "exec 3<> " + fifo + "; while read line <&3; do echo it said $line; done") +
          saying("noise", "while :; do echo noise; sleep 0.01; done"),
      kJson);
  stack.wait_ready();
  Process follower({(bin_dir() / "holdfast").string(), "--config", stack.config_file().string(),
                    "logs", "-f", "-n", "0", "talker"},
                   {{"HOLDFAST_RUNTIME_DIR", stack.runtime_dir().string()}},
                   stack.file("followed"));
  REQUIRE(wait_until([&] {
    std::ofstream(fifo) << "something new\n";
    return follower.output().find("it said something new") != std::string::npos;
  }));
  CHECK(follower.output().find("noise") == std::string::npos);
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait().value == 0);
  CHECK(follower.wait().value == 4);
}
