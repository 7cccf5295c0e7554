// SPDX-License-Identifier: Apache-2.0
// SIGTERM and what follows: nothing in flight is lost, stages are in order, the deadline holds.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"

#include <signal.h>

#include <atomic>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;
using namespace std::chrono_literals;

namespace {

// The place of the first line with both texts; npos if there is none.
std::size_t place(const std::string& log, const std::string& kind, const std::string& worker) {
  std::size_t begin = 0;
  while (begin < log.size()) {
    const std::size_t end = std::min(log.find('\n', begin), log.size());
    const std::string line = log.substr(begin, end - begin);
    if (line.find(kind) != std::string::npos && line.find(worker) != std::string::npos)
      return begin;
    begin = end + 1;
  }
  return std::string::npos;
}

}  // namespace

TEST_CASE("SIGTERM under load: accepted writes are answered and kept, exit code 0") {
  Stack stack(default_stack());
  stack.wait_ready();
  const std::string api = stack.api();
  std::atomic<bool> stop{false};
  std::vector<std::vector<std::string>> accepted(3);
  std::vector<std::thread> clients;
  std::atomic<int> posted{0};
  for (auto& mine : accepted) {
    clients.emplace_back([&] {
      http::Headers headers;
      headers.set("Content-Type", "application/json");
      while (!stop) {
        const auto answer = http::fetch("POST", api + "/api/documents", headers,
                                        R"({"title":"x","content":"some words to keep"})", {});
        // A refused connection is fine once the listener is gone; a 202 is a promise.
        if (answer && answer->status == 202) {
          mine.push_back(json::parse(answer->body)["id"]);
          ++posted;
        }
      }
    });
  }
  REQUIRE(wait_until([&] { return posted > 100; }));
  stack.supervisor().signal(SIGTERM);
  const Ended ended = stack.supervisor().wait();
  stop = true;
  for (std::thread& client : clients)
    client.join();
  INFO(stack.supervisor().output().substr(0, 4000));
  REQUIRE_FALSE(ended.signaled);
  REQUIRE(ended.value == 0);

  stack.start();
  stack.wait_ready();
  std::size_t checked = 0;
  for (const auto& mine : accepted) {
    for (const std::string& id : mine) {
      REQUIRE(stack.get("/api/documents/" + id).status == 200);
      ++checked;
    }
  }
  REQUIRE(checked > 100);
}

TEST_CASE("API workers are gone before the queue worker is told to stop") {
  Stack stack(default_stack());
  stack.wait_ready();
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait().value == 0);
  const std::string log = stack.supervisor().output();
  INFO(log);
  const std::size_t queue_told = place(log, "\"event\":\"stopping\"", "queue-worker.0");
  REQUIRE(queue_told != std::string::npos);
  for (const char* worker : {"api-worker.0", "api-worker.1"}) {
    const std::size_t gone = place(log, "\"event\":\"stopped\"", worker);
    REQUIRE(gone != std::string::npos);
    REQUIRE(gone < queue_told);
  }
}

TEST_CASE("a worker that ignores SIGTERM is killed inside the deadline, exit code 1") {
  Stack stack("[supervisor]\nshutdown_deadline = \"3s\"\n\n[program.stubborn]\ncommand = [\"" +
                  (bin_dir() / "misbehave").string() +
                  "\", \"--ready-after\", \"0\", \"--ignore-term\"]\nwatchdog = \"0s\"\n"
                  "stop_timeout = \"2s\"\n",
              {{"PORT", "0"}});
  stack.wait_ready();
  const auto began = std::chrono::steady_clock::now();
  stack.supervisor().signal(SIGTERM);
  const Ended ended = stack.supervisor().wait(10s);
  const auto took = std::chrono::steady_clock::now() - began;
  INFO(stack.supervisor().output());
  REQUIRE(ended.value == 1);
  REQUIRE(took >= 1900ms);  // it was given its budget
  REQUIRE(took < 4500ms);   // and no more than the deadline, with room for a busy machine
}

TEST_CASE("a second SIGTERM kills everything after two seconds") {
  Stack stack("[supervisor]\nshutdown_deadline = \"60s\"\n\n[program.stubborn]\ncommand = [\"" +
                  (bin_dir() / "misbehave").string() +
                  "\", \"--ready-after\", \"0\", \"--ignore-term\"]\nwatchdog = \"0s\"\n"
                  "stop_timeout = \"50s\"\n",
              {{"PORT", "0"}});
  stack.wait_ready();
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.wait_state("stubborn.0", "stopping"));
  REQUIRE(stack.force_stop());
  REQUIRE(stack.supervisor().wait(20s).value == 1);
}

TEST_CASE("a request that arrives twice at once is one: everything has the time that it needs") {
  Stack stack("[program.slow]\ncommand = [\"" + (bin_dir() / "misbehave").string() +
                  "\", \"--ready-after\", \"0\", \"--slow-term\", \"2500\"]\nwatchdog = \"0s\"\n",
              {{"PORT", "0"}});
  stack.wait_ready();
  stack.supervisor().signal(SIGTERM);
  stack.supervisor().signal(SIGINT);  // the kernel makes one of two SIGTERMs
  const Ended ended = stack.supervisor().wait(20s);
  INFO(stack.supervisor().output());
  REQUIRE(ended.value == 0);
}

TEST_CASE("/ready is 503 as soon as draining begins, and a HUP then changes nothing") {
  Stack stack("[program.slow]\ncommand = [\"" + (bin_dir() / "misbehave").string() +
                  "\", \"--ready-after\", \"0\", \"--slow-term\", \"6000\"]\nwatchdog = \"0s\"\n",
              {{"PORT", "0"}});
  stack.wait_ready();
  stack.supervisor().signal(SIGTERM);
  REQUIRE(wait_until([&] { return stack.status().value("draining", false); }));
  REQUIRE(stack.command({"health", "--ready"}).exit_code == 1);
  stack.supervisor().signal(SIGHUP);
  REQUIRE(stack.supervisor().wait(20s).value == 0);
}
