// SPDX-License-Identifier: Apache-2.0
// One answer for all workers, whatever they do while it is asked for.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"

#include <signal.h>

#include <future>

using namespace holdfast;
using namespace holdfast::test;

namespace {

const std::string kRoute = "route=\"/api/documents\"";

// A worker that is stopped for as long as this lives.
class Stopped {
 public:
  explicit Stopped(pid_t pid) : pid_(pid) { REQUIRE(signal_process(pid_, SIGSTOP) == 0); }
  ~Stopped() { signal_process(pid_, SIGCONT); }

 private:
  pid_t pid_;
};

void ask_for_documents(Stack& stack, int times) {
  for (int i = 0; i < times; ++i)
    REQUIRE(stack.get("/api/documents?limit=1").status == 200);
}

// A request is counted just after it was answered.
bool wait_counted(Stack& stack, double requests) {
  return wait_until(
      [&] { return Stack::sum_of(stack.metrics(), "http_requests_total", kRoute) == requests; });
}

double collections(const std::string& metrics) {
  return Stack::sum_of(metrics, "holdfast_metrics_collect_duration_seconds_count");
}

double renderings(const std::string& metrics) {
  return Stack::sum_of(metrics, "holdfast_metrics_aggregation_duration_seconds_count");
}

struct Scrape {
  std::string text;
  std::chrono::steady_clock::duration took;
};

Scrape timed_scrape(Stack& stack) {
  const auto began = std::chrono::steady_clock::now();
  std::string text = stack.metrics();
  return {std::move(text), std::chrono::steady_clock::now() - began};
}

}  // namespace

TEST_CASE("a worker stopped during a scrape: its last values count, the others' are fresh") {
  Stack stack(default_stack());
  stack.wait_ready();
  ask_for_documents(stack, 40);
  REQUIRE(wait_counted(stack, 40));
  const Stopped stopped(stack.pid_of("api-worker.1"));
  std::string metrics;
  REQUIRE(wait_until([&] {
    const auto began = std::chrono::steady_clock::now();
    metrics = stack.metrics();
    // It waits for 400 ms; the rest is a busy machine's.
    CHECK(std::chrono::steady_clock::now() - began < std::chrono::seconds(4));
    return Stack::sum_of(metrics, "holdfast_metrics_up", "worker=\"api-worker.1\"") == 0;
  }));
  INFO(metrics);
  CHECK(Stack::sum_of(metrics, "http_requests_total", kRoute) == 40);
  CHECK(Stack::sum_of(metrics, "http_request_duration_seconds_count", kRoute) == 40);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_up", "worker=\"api-worker.0\"") == 1);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_up", "worker=\"queue-worker.0\"") == 1);
  CHECK(Stack::sum_of(metrics, "process_threads", "worker=\"api-worker.1\"") > 0);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_scrapes_total", "result=\"partial\"") > 0);
  CHECK(metrics.ends_with("# EOF\n"));
}

TEST_CASE("concurrent scrapes share one collection and one text, and none is left waiting") {
  Stack stack(default_stack());
  stack.wait_ready();
  const Stopped stopped(stack.pid_of("api-worker.1"));  // so that a collection takes its time
  std::string last = stack.metrics();
  double collected = 0;
  double rendered = 0;
  // A burst within 100 ms of a collection has its result: until one waits for a collection.
  REQUIRE(wait_until([&] {
    std::vector<std::future<Scrape>> burst;
    for (int i = 0; i < 32; ++i)
      burst.push_back(std::async(std::launch::async, [&] { return timed_scrape(stack); }));
    const std::string before = last;
    int waited = 0;
    for (auto& scrape : burst) {
      auto [text, took] = scrape.get();
      CHECK(text.ends_with("# EOF\n"));
      waited += took >= std::chrono::milliseconds(200) ? 1 : 0;
      if (renderings(text) >= renderings(last)) last = std::move(text);
    }
    collected = collections(last) - collections(before);
    rendered = renderings(last) - renderings(before);
    return waited > 24;
  }));
  // Nearly all in one; some may have come late, and a background collection is not theirs.
  CHECK(collected < 16);
  CHECK(rendered < 16);
  // The supervision has not waited for them.
  CHECK(stack.command({"status"}).exit_code == 0);
}

TEST_CASE("each worker counts from zero: the sum over all workers is the number of requests") {
  Stack stack(default_stack());
  stack.wait_ready();
  ask_for_documents(stack, 60);
  REQUIRE(wait_counted(stack, 60));
  double sum = 0;
  for (const char* worker : {"api-worker.0", "api-worker.1"}) {
    const std::string socket =
        (stack.runtime_dir() / "workers" / (std::string(worker) + ".sock")).string();
    const auto answer = http::fetch("GET", "unix:" + socket + ":/metrics", {}, "", {});
    REQUIRE(answer);
    const double own = Stack::sum_of(answer->body, "http_requests_total", kRoute);
    CHECK(own <= 60);
    sum += own;
  }
  CHECK(sum == 60);
}

TEST_CASE("whichever API worker is asked for /metrics, the answer is the whole stack's") {
  Stack stack(default_stack("\n[http]\nmetrics_allow = [\"127.0.0.0/8\"]\n"));
  stack.wait_ready();
  ask_for_documents(stack, 20);
  REQUIRE(wait_counted(stack, 20));
  for (int i = 0; i < 30; ++i) {
    const std::string metrics = stack.get("/metrics").body;
    CHECK(Stack::sum_of(metrics, "http_requests_total", kRoute) == 20);
    CHECK(Stack::sum_of(metrics, "process_threads", "worker=\"queue-worker.0\"") > 0);
  }
}
