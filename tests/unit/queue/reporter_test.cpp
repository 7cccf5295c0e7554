// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/reporter.hpp"

#include "common/metrics/registry.hpp"
#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/manual_clock.hpp"

#include <nlohmann/json.hpp>
#include <sys/mman.h>

#include <string>
#include <vector>

using namespace holdfast;
using namespace holdfast::queue;
using namespace std::chrono_literals;

namespace {

struct Desk {
  Desk() : fd(::memfd_create("log", MFD_CLOEXEC)) {
    log::LogOptions options;
    options.level = log::Level::Debug;
    options.fd = fd.get();
    logger = std::make_unique<log::Logger>(options);
    reporter = std::make_unique<Reporter>(*logger, registry, clock, "default", "hashing");
  }
  std::vector<nlohmann::json> lines() const {
    std::string text(1 << 16, '\0');
    const ssize_t n = ::pread(fd.get(), text.data(), text.size(), 0);
    text.resize(static_cast<std::size_t>(n));
    std::vector<nlohmann::json> all;
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t end = text.find('\n', at);
      all.push_back(nlohmann::json::parse(text.substr(at, end - at)));
      at = end + 1;
    }
    return all;
  }
  bool exposes(const std::string& line) const {
    std::string text;
    metrics::write_text(registry, text);
    return text.find("\n" + line + "\n") != std::string::npos;
  }

  Fd fd;
  test::ManualClock clock;
  prometheus::Registry registry;
  std::unique_ptr<log::Logger> logger;
  std::unique_ptr<Reporter> reporter;
};

const JobInfo kJob{7, 2, "doc-1", "req-1"};

}  // namespace

TEST_CASE("every ending is counted under its name, from zero") {
  for (const AttemptResult ending :
       {AttemptResult::Done, AttemptResult::Retried, AttemptResult::Dead, AttemptResult::Cancelled,
        AttemptResult::Stale}) {
    Desk desk;
    const std::string series =
        fmt::format("queue_jobs_total{{outcome=\"{}\",queue=\"default\"}} ", to_string(ending));
    CAPTURE(series);
    CHECK(desk.exposes(series + "0"));
    desk.reporter->job_ended(kJob, ending, 5ms, "why");
    CHECK(desk.exposes(series + "1"));
    CHECK(desk.exposes("queue_job_duration_seconds_count{queue=\"default\"} 1"));
  }
}

TEST_CASE("released jobs are counted once, when the store gave them back") {
  Desk desk;
  desk.reporter->job_ended(kJob, AttemptResult::Released, 5ms, "");
  desk.reporter->jobs_released(3);
  CHECK(desk.exposes("queue_jobs_total{outcome=\"released\",queue=\"default\"} 3"));
}

TEST_CASE("the lines about a job carry its request, job and document, and no worker") {
  Desk desk;
  desk.reporter->job_started(kJob, 20ms);
  desk.reporter->job_ended(kJob, AttemptResult::Done, 5ms, "3 chunks");
  const auto lines = desk.lines();
  REQUIRE(lines.size() == 2);
  for (const auto& line : lines) {
    CHECK(line.at("request_id") == "req-1");
    CHECK(line.at("job_id") == 7);
    CHECK(line.at("document_id") == "doc-1");
    CHECK(line.at("attempt") == 2);
    CHECK_FALSE(line.contains("worker"));
  }
  CHECK(lines[1].at("msg") == "job done");
  CHECK(lines[1].at("detail") == "3 chunks");
}

TEST_CASE("a dead job is an error, a retried or stale one a warning") {
  Desk desk;
  for (const AttemptResult ending : {AttemptResult::Dead, AttemptResult::Retried,
                                     AttemptResult::Stale, AttemptResult::Cancelled}) {
    desk.reporter->job_ended(kJob, ending, 5ms, "why");
  }
  const auto lines = desk.lines();
  CHECK(lines[0].at("level") == "error");
  CHECK(lines[1].at("level") == "warn");
  CHECK(lines[2].at("level") == "warn");
  CHECK(lines[3].at("level") == "info");
}

TEST_CASE("waits and batches are observed, and failed batches counted") {
  Desk desk;
  desk.reporter->job_started(kJob, 2s);
  desk.reporter->batch_embedded(1ms, true);
  desk.reporter->batch_embedded(1ms, false);
  CHECK(desk.exposes("queue_job_wait_seconds_sum{queue=\"default\"} 2"));
  CHECK(desk.exposes("embedding_duration_seconds_count{provider=\"hashing\"} 2"));
  CHECK(desk.exposes("embedding_failures_total{provider=\"hashing\"} 1"));
}

TEST_CASE("the queue's sizes are gauges by state, with the age of the oldest ready job") {
  Desk desk;
  store::QueueStats stats;
  stats.ready = 4;
  stats.dead = 2;
  stats.oldest_ready_ms = 1500;
  desk.reporter->set_sizes(stats);
  CHECK(desk.exposes("queue_size{queue=\"default\",state=\"ready\"} 4"));
  CHECK(desk.exposes("queue_size{queue=\"default\",state=\"dead\"} 2"));
  CHECK(desk.exposes("queue_size{queue=\"default\",state=\"running\"} 0"));
  CHECK(desk.exposes("queue_oldest_ready_age_seconds{queue=\"default\"} 1.5"));
  desk.reporter->set_sizes({});
  CHECK(desk.exposes("queue_oldest_ready_age_seconds{queue=\"default\"} 0"));
}

TEST_CASE("trouble that repeats is logged once in thirty seconds, with how much was left out") {
  Desk desk;
  const Error error{ErrorKind::Unavailable, "database is locked", 0};
  for (int i = 0; i < 5; ++i)
    desk.reporter->trouble("claim", error);
  desk.reporter->trouble("fail", {ErrorKind::DataLoss, "the database is damaged", 0});
  CHECK(desk.lines().size() == 2);
  desk.clock.advance(31s);
  desk.reporter->trouble("claim", error);
  const auto lines = desk.lines();
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].at("err").at("message") == "database is locked");
  CHECK(lines[2].at("suppressed") == 4);
}

TEST_CASE("an outage of the store is one line, however many operations it makes fail") {
  Desk desk;
  for (const char* operation : {"peek", "claim", "heartbeat", "rescue", "store the result"})
    desk.reporter->trouble(operation, {ErrorKind::Unavailable, "the server is gone", 0});
  REQUIRE(desk.lines().size() == 1);
  CHECK(desk.lines()[0].at("msg") == "queue: peek failed, will be tried again");
}
