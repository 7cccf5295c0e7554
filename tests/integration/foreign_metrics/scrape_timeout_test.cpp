// SPDX-License-Identifier: Apache-2.0
// X-Prometheus-Scrape-Timeout-Seconds: who has less time is answered earlier.
#include "tests/integration/foreign_metrics/foreign.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"

#include <algorithm>
#include <csignal>
#include <future>

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

struct Scrape {
  std::string metrics;
  double collections = 0;  // that were over when it was answered
  std::chrono::steady_clock::duration took{};
};

Scrape scrape_within(const std::string& url, const std::string& timeout) {
  http::Headers headers;
  if (!timeout.empty()) headers.set("X-Prometheus-Scrape-Timeout-Seconds", timeout);
  http::FetchOptions options;
  options.max_response_bytes = 64u << 20;
  const auto began = std::chrono::steady_clock::now();
  const auto answer = http::fetch("GET", url, headers, "", options);
  Scrape result;
  result.took = std::chrono::steady_clock::now() - began;
  if (answer && answer->status == 200) result.metrics = answer->body;
  result.collections =
      Stack::sum_of(result.metrics, "holdfast_metrics_collect_duration_seconds_count");
  return result;
}

struct Race {
  bool waited = false;     // the patient one was not answered from a collection just before
  bool overtaken = false;  // the others waited less, and were answered while its collection ran
};

// One scrape that has time, and meanwhile three with `timeout`.
Race race(const std::string& url, const std::string& timeout) {
  auto patient = std::async(std::launch::async, [&] { return scrape_within(url, ""); });
  std::vector<Scrape> others;
  for (int i = 0; i < 3; ++i)
    others.push_back(scrape_within(url, timeout));
  const bool first = patient.wait_for(0s) != std::future_status::ready;
  const Scrape last = patient.get();
  const bool during = std::all_of(others.begin(), others.end(), [&](const Scrape& other) {
    return other.took >= 10ms && other.collections + 1 == last.collections;
  });
  return {last.took >= 50ms, first && during};
}

}  // namespace

TEST_CASE(
    "a scraper with a short timeout gets what there is, while others wait for a stopped worker") {
  Stack stack(default_stack("\n[http]\nmetrics_allow = [\"127.0.0.0/8\"]\n"));
  stack.wait_ready();
  const std::string direct = "unix:" + (stack.runtime_dir() / "status.sock").string() + ":/metrics";
  const std::string relayed = stack.api() + "/metrics";
  REQUIRE(wait_until([&] { return Stack::sum_of(stack.metrics(), "store_commits_total") > 0; }));
  const pid_t stopped = stack.pid_of("queue-worker.0");
  signal_process(stopped, SIGSTOP);
  for (const std::string& url : {direct, relayed}) {
    CAPTURE(url);
    CHECK(wait_until([&] { return race(url, "0.02").overtaken; }));
    std::string metrics;
    CHECK(wait_until([&] {
      metrics = scrape_within(url, "0.02").metrics;
      return Stack::sum_of(metrics, "holdfast_metrics_up", "worker=\"queue-worker.0\"") == 0;
    }));
    CHECK(Stack::sum_of(metrics, "store_commits_total") > 0);  // its last word
    CHECK(metrics.ends_with("# EOF\n"));
    // Ten seconds are more than it ever waits, and nonsense says nothing.
    for (const char* no_hurry : {"10", "-1", "soon"}) {
      CAPTURE(no_hurry);
      Race seen;
      REQUIRE(wait_until([&] {
        seen = race(url, no_hurry);
        return seen.waited;
      }));
      CHECK_FALSE(seen.overtaken);
    }
  }
  signal_process(stopped, SIGCONT);
}
