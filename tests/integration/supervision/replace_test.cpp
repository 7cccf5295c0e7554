// SPDX-License-Identifier: Apache-2.0
// Programs that own their port, and probes that must reach the new process and no other.
#include "tests/support/catch.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;

namespace {

std::string own_port(const std::string& port, const std::string& version,
                     const std::string& more = "") {
  return "[program.web]\n" + command_of({"python3", SERVER_PY, port, version}) +
         "ready = \"http://127.0.0.1:" + port +
         "/\"\nready_interval = \"20ms\"\nmetrics = \"off\"\n" + more;
}

std::string on_socket(const std::string& port, const std::string& version,
                      const std::string& more = "") {
  return "[listen.web]\naddress = \"127.0.0.1:" + port + "\"\n[program.web]\n" +
         command_of({"python3", SERVER_PY, "inherited", version}) +
         "sockets = [\"web\"]\nready = \"http://127.0.0.1:" + port +
         "/\"\nready_interval = \"20ms\"\nmetrics = \"off\"\n" + more;
}

std::string ask(const std::string& port) {
  const auto answer = http::fetch("GET", "http://127.0.0.1:" + port + "/", {}, "", {});
  return answer ? std::to_string(answer->status) + " " + answer->body : answer.error().message;
}

// Asks all the time, and counts what is not a 200.
class Client {
 public:
  explicit Client(std::string port)
      : thread_([this, port = std::move(port)] {
          while (!stop_) {
            ask(port).starts_with("200 ") ? ++answered_ : ++failed_;
          }
        }) {}
  ~Client() {
    stop_ = true;
    thread_.join();
  }
  int failed() const { return failed_; }
  void wait_for_more() {
    const int before = answered_;
    REQUIRE(wait_until([&] { return answered_ > before + 20; }));
  }

 private:
  std::atomic<bool> stop_{false};
  std::atomic<int> answered_{0};
  std::atomic<int> failed_{0};
  std::thread thread_;
};

}  // namespace

TEST_CASE("replace: a program that owns its port is stopped first, and the new process is probed") {
  const std::string port = free_port();
  Stack stack(own_port(port, "v1"), kNoPort);
  stack.wait_ready();
  REQUIRE(ask(port).starts_with("200 v1"));
  stack.write_config(own_port(port, "v2"));
  const auto answer = stack.command({"reload"});
  INFO(answer.output);
  CHECK(answer.exit_code == 0);
  CHECK(ask(port) == "200 v2 " + std::to_string(stack.pid_of("web.0")) + "\n");
}

TEST_CASE(
    "replace: if a new version fails, the former one is started again and the reload has failed") {
  const std::string version = GENERATE("broken", "busy", "short-lived");
  INFO(version);
  const std::string port = free_port();
  const std::string patience = "ready_timeout = \"10s\"\nmin_ready_time = \"300ms\"\n";
  Stack stack(own_port(port, "v1", patience), kNoPort);
  stack.wait_ready();
  stack.write_config(own_port(port, version, patience));
  const auto answer = stack.command({"reload"});
  INFO(answer.output);
  CHECK(answer.exit_code == 1);
  CHECK(answer.output.find("what it had replaced runs again") != std::string::npos);
  CHECK(ask(port).starts_with("200 v1"));
  CHECK(stack.state_of("web.0") == "ready");
  CHECK(stack.status()["programs"][0]["differs"] == nlohmann::json::array({"command"}));
}

TEST_CASE("replace: a stranger on the port does not make a program ready") {
  const std::string port = free_port();
  const Process stranger(
      std::vector<std::string>{"/usr/bin/env", "python3", SERVER_PY, port, "v0"});
  REQUIRE(wait_until([&] { return ask(port).starts_with("200 v0"); }));
  Stack stack("[program.web]\n" + command_of({"sleep", "600"}) + "ready = \"http://127.0.0.1:" +
                  port + "/\"\nready_interval = \"20ms\"\nrequired = false\n",
              kNoPort);
  REQUIRE(wait_until([&] {
    return stack.worker("web.0").value("last_error", "").find("which is not of this worker") !=
           std::string::npos;
  }));
  CHECK(stack.state_of("web.0") == "starting");
}

TEST_CASE(
    "a probe of an inherited socket reaches the new process: a bad version replaces nothing") {
  const std::string version = GENERATE("busy", "broken");
  INFO(version);
  const std::string port = free_port();
  const std::string two = "replicas = 2\nready_timeout = \"10s\"\n";
  Stack stack(on_socket(port, "v1", two), kNoPort);
  stack.wait_ready();
  stack.write_config(on_socket(port, version, two));
  const auto answer = stack.command({"reload"});
  INFO(answer.output);
  CHECK(answer.exit_code == 1);
  for (const char* worker : {"web.0", "web.1"}) {
    CHECK(stack.state_of(worker) == "ready");
    CHECK(stack.worker(worker)["incarnation"] == 1);
  }
}

TEST_CASE(
    "a probe of an inherited socket reaches the new process: a good one takes over without a gap") {
  const std::string port = free_port();
  const std::string two = "replicas = 2\nmin_ready_time = \"200ms\"\n";
  Stack stack(on_socket(port, "v1", two), kNoPort);
  stack.wait_ready();
  Client client(port);
  client.wait_for_more();
  const auto answer = stack.command({"restart", "web"});
  INFO(answer.output);
  CHECK(answer.exit_code == 0);
  client.wait_for_more();
  CHECK(client.failed() == 0);
  for (const char* worker : {"web.0", "web.1"})
    CHECK(stack.worker(worker)["incarnation"] == 2);
}

TEST_CASE("a reload that fails after a listener's address has changed is taken back") {
  const std::string before = free_port();
  const std::string after = free_port();
  Stack stack(on_socket(before, "v1"), kNoPort);
  stack.wait_ready();
  const pid_t first = stack.pid_of("web.0");
  stack.write_config(on_socket(after, "broken"));
  auto answer = stack.command({"reload"});
  INFO(answer.output);
  CHECK(answer.exit_code == 1);
  CHECK(ask(before).starts_with("200 v1"));

  stack.write_config(on_socket(before, "v1"));
  answer = stack.command({"reload"});
  INFO(answer.output);
  CHECK(answer.exit_code == 0);
  CHECK(stack.pid_of("web.0") == first);
  stack.signal("web.0", SIGKILL);
  REQUIRE(wait_until([&] {
    const pid_t now = stack.pid_of("web.0");
    return now > 0 && now != first && stack.state_of("web.0") == "ready";
  }));
  CHECK(ask(before).starts_with("200 v1"));
}

TEST_CASE("until its turn in a reload comes, a crash restarts a worker on its former listener") {
  const std::string before = free_port();
  const std::string after = free_port();
  const TempDir dir;
  const std::string go_on = (dir / "go-on").string();
  const auto config = [&](const std::string& port, const std::string& version) {
    return "[program.mig]\ntype = \"oneshot\"\nmetrics = \"off\"\n" +
           command_of({"/bin/sh", "-c",
                       "true " + version + "; until test -e " + go_on + "; do sleep 0.05; done"}) +
           on_socket(port, version, "after = [\"mig\"]\n");
  };
  std::ofstream(go_on) << "now";
  Stack stack(config(before, "v1"), kNoPort);
  stack.wait_ready();
  std::filesystem::remove(go_on);
  stack.write_config(config(after, "v2"));
  const auto answer = stack.command({"reload", "--no-wait"});
  INFO(answer.output);
  REQUIRE(answer.exit_code == 0);
  const pid_t first = stack.pid_of("web.0");
  stack.signal("web.0", SIGKILL);
  REQUIRE(wait_until([&] {
    const pid_t now = stack.pid_of("web.0");
    return now > 0 && now != first && stack.state_of("web.0") == "ready";
  }));
  CHECK(ask(before).starts_with("200 v1"));
  std::ofstream(go_on) << "now";
  REQUIRE(wait_until([&] { return ask(after).starts_with("200 v2"); }));
  REQUIRE(wait_until([&] { return !ask(before).starts_with("200"); }));
}
