// SPDX-License-Identifier: Apache-2.0
// kill -9 of each kind of process, while there is work.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"

#include <signal.h>

#include <atomic>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

// Sends GETs, each on a connection of its own, until told to stop.
class Load {
 public:
  Load(Stack& stack, const std::string& path, int threads) : url_(stack.api() + path) {
    for (int i = 0; i < threads; ++i) {
      threads_.emplace_back([this] { work(); });
    }
  }
  ~Load() { stop(); }
  void stop() {
    stop_ = true;
    for (std::thread& thread : threads_) {
      if (thread.joinable()) thread.join();
    }
  }
  int ok() const { return ok_; }
  int failed() const { return failed_; }

 private:
  void work() {
    while (!stop_) {
      const auto answer = http::fetch("GET", url_, {}, "", {});
      ++(answer && answer->status == 200 ? ok_ : failed_);
    }
  }

  std::string url_;
  std::atomic<bool> stop_{false};
  std::atomic<int> ok_{0};
  std::atomic<int> failed_{0};
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("metrics of the dead: an API worker killed under load is replaced and no counter falls") {
  Stack stack(default_stack());
  stack.wait_ready();
  const std::string id = post_document(stack, {"one", "a document to read again and again"});
  REQUIRE(wait_ready(stack, {id}));
  Load load(stack, "/api/documents/" + id, 2);
  REQUIRE(wait_until([&] { return load.ok() > 200; }));

  double seen = Stack::sum_of(stack.metrics(), "http_requests_total");
  for (int round = 0; round < 3; ++round) {
    const pid_t victim = stack.pid_of("api-worker.0");
    REQUIRE(victim > 0);
    signal_process(victim, SIGKILL);
    REQUIRE(wait_until([&] {
      const double now = Stack::sum_of(stack.metrics(), "http_requests_total");
      REQUIRE(now >= seen);
      seen = now;
      const pid_t pid = stack.pid_of("api-worker.0");
      return pid != victim && pid > 0 && stack.state_of("api-worker.0") == "ready";
    }));
  }
  load.stop();
  REQUIRE(load.ok() > 200);
  // Two threads, three kills: at most the requests that a killed worker held in its hands.
  REQUIRE(load.failed() <= 6);
  REQUIRE(Stack::sum_of(stack.metrics(), "holdfast_worker_restarts_total",
                        "program=\"api-worker\"") == 3);
  REQUIRE(stack.worker("api-worker.0")["last_exit"]["signal"] == SIGKILL);
}

TEST_CASE(
    "the queue worker killed in the middle of its work: every document is ready, none twice") {
  Stack stack(default_stack());
  stack.wait_ready();
  std::vector<std::string> ids;
  const std::vector<Text> texts = licence_texts();
  for (int round = 0; round < 4; ++round) {
    for (const Text& text : texts)
      ids.push_back(post_document(stack, text));
    // The kernel's word that it works: some job of the queue is running.
    wait_until([&] { return json::parse(stack.get("/api/queue").body).value("running", 0) > 0; },
               std::chrono::seconds(2));
    const pid_t victim = stack.pid_of("queue-worker.0");
    if (victim > 0) signal_process(victim, SIGKILL);
    REQUIRE(wait_until([&] {
      return stack.pid_of("queue-worker.0") != victim &&
             stack.state_of("queue-worker.0") == "ready";
    }));
  }
  REQUIRE(wait_ready(stack, ids));
  const json queue = json::parse(stack.get("/api/queue").body);
  INFO(queue.dump());
  REQUIRE(queue["done"] == ids.size());
  REQUIRE(queue["dead"] == 0);
  REQUIRE(queue["running"] == 0);
  REQUIRE(queue["waiting"] == 0);
  // Equal texts give equal chunks: a document embedded twice would have more.
  std::map<std::string, std::int64_t> chunks;
  for (const std::string& id : ids) {
    const json one = document(stack, id);
    const auto [it, first] = chunks.emplace(one["title"], one["chunk_count"]);
    REQUIRE((first || it->second == one["chunk_count"]));
  }
}

TEST_CASE("kill -9 of the supervisor leaves no process behind") {
  Stack stack(default_stack());
  stack.wait_ready();
  const std::string mark = "HOLDFAST_TEST_ID=" + stack.file("").parent_path().string();
  REQUIRE(pids_with_environment(mark).size() >= 4);  // the supervisor and three workers
  stack.supervisor().signal(SIGKILL);
  REQUIRE(stack.supervisor().wait().signaled);
  REQUIRE(wait_until([&] { return pids_with_environment(mark).empty(); }));
  // And its successor starts on the same directories, whatever was left in them.
  stack.start();
  stack.wait_ready();
}
