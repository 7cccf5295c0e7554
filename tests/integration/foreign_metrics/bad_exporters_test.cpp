// SPDX-License-Identifier: Apache-2.0
// Exporters that answer wrongly, too late or never spoil nobody else's metrics.
#include "common/os/file.hpp"
#include "tests/integration/foreign_metrics/foreign.hpp"
#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::test;

namespace {

constexpr const char* kBad[][2] = {
    {"garbage", ""},           {"status", "status"},    {"redirect", "status"},
    {"never", "timeout"},      {"slow", "timeout"},     {"huge", "oversized"},
    {"cut", "malformed"},      {"nohttp", "malformed"}, {"compressed", "encoded"},
    {"absent", "unreachable"},
};

// A program whose metrics are one of those exporters.
std::string client(const std::string& name, const std::string& exporter, const TempDir& dir,
                   const std::string& more = "") {
  return "[program." + name + "]\n" + command_of({"sleep", "600"}) +
         "ready = \"started\"\nafter = [\"exporters\"]\nmetrics = \"unix:" +
         (dir / (exporter + ".sock")).string() + more + "\"\n\n";
}

std::string exporters(const TempDir& dir) {
  return "[program.exporters]\n" +
         command_of({"node", here("bad_exporters.js"), dir.path().string()}) +
         "ready_log = \"all exporters are up\"\nmetrics = \"off\"\n\n";
}

}  // namespace

TEST_CASE(
    "whatever an exporter answers, the scrape is complete for the others and says which failed") {
  const TempDir dir;
  std::string programs = exporters(dir) + client("good", "good", dir);
  for (const auto& [name, reason] : kBad)
    programs += client(name, name, dir);
  Stack stack(programs, kNoPort);
  stack.wait_ready();
  const auto failed = [&](const std::string& metrics, const std::string& name,
                          const std::string& reason) {
    const std::string label = "program=\"" + name + "\",reason=\"" + reason + "\"";
    return Stack::sum_of(metrics, "holdfast_metrics_fetch_errors_total", label) > 0;
  };
  std::chrono::steady_clock::duration longest{};
  const auto scraped = [&] {
    const auto began = std::chrono::steady_clock::now();
    std::string metrics = stack.metrics();
    longest = std::max(longest, std::chrono::steady_clock::now() - began);
    return metrics;
  };
  // Until each has failed in its own way.
  std::string metrics;
  REQUIRE(wait_until([&] {
    metrics = scraped();
    for (const auto& [name, reason] : kBad) {
      if (*reason != '\0' && !failed(metrics, name, reason)) return false;
    }
    return true;
  }));
  INFO(metrics);
  CHECK(Stack::sum_of(metrics, "good_total") == 5);
  CHECK(Stack::sum_of(metrics, "good_open") == 2);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_up", "worker=\"good.0\"") == 1);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_up") == 1);
  for (const auto& [name, reason] : kBad) {
    CAPTURE(name);
    CHECK(metrics.find("holdfast_metrics_up{worker=\"" + std::string(name) + ".0\"} 0\n") !=
          std::string::npos);
    CHECK(Stack::sum_of(metrics, "process_threads", std::string("\"") + name + ".0\"") > 0);
  }
  // HTTP had nothing against this one.
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_parse_errors_total",
                      "program=\"garbage\",reason=\"malformed\"") > 0);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_fetch_errors_total", "program=\"good\"") == 0);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_scrapes_total", "result=\"partial\"") > 0);
  CHECK(metrics.find("huge_series") == std::string::npos);
  CHECK(longest < std::chrono::seconds(2));
  WARN("the slowest of these scrapes took "
       << std::chrono::duration_cast<std::chrono::milliseconds>(longest).count() << " ms");
  check_valid(stack, {});
}

TEST_CASE("an exporter is up if it answers within its own time, and if it has nothing to say") {
  const TempDir dir;
  Stack stack(exporters(dir) + client("late", "late", dir) + client("empty", "empty", dir),
              kNoPort);
  stack.wait_ready();
  // Each scrape begins with a request that this one will not have answered.
  for (int scrapes = 0; scrapes < 6; ++scrapes)
    REQUIRE(Stack::sum_of(stack.metrics(), "holdfast_metrics_up") == 2);
  REQUIRE(wait_until([&] { return Stack::sum_of(stack.metrics(), "late_total") == 4; }));
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_metrics_up") == 2);
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_metrics_fetch_errors_total") == 0);
}

TEST_CASE("the longest answers of many exporters are read in turn, and do not add up in memory") {
  const int many = sanitized() ? 3 : 8;
  const TempDir dir;
  std::string programs = exporters(dir) + client("good", "good", dir);
  for (int i = 0; i < many; ++i) {
    const std::string number = std::to_string(i);
    programs += client("long" + number, "long", dir, ":/metrics?n=" + number);
  }
  Stack stack(programs, kNoPort);
  stack.wait_ready();
  // Until each has been read once.
  std::string metrics;
  REQUIRE(wait_until([&] {
    metrics = stack.metrics();
    int read = 0;
    for (int i = 0; i < many; ++i) {
      const std::string age = "holdfast_metrics_snapshot_age_seconds{worker=\"long";
      if (metrics.find(age + std::to_string(i) + ".0\"}") != std::string::npos) ++read;
    }
    return read == many;
  }));
  CHECK(Stack::sum_of(metrics, "good_total") == 5);
  if (sanitized()) return;  // it keeps what is freed, and is too slow for the usual time limits
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_fetch_errors_total") == 0);
  const std::string status =
      read_file("/proc/" + std::to_string(stack.supervisor().pid()) + "/status").value_or("");
  const std::size_t peak = status.find("VmHWM:");
  REQUIRE(peak != std::string::npos);
  const auto mib = std::stoull(status.substr(peak + 6)) / 1024;
  WARN("the supervisor had at most " << mib << " MiB");
  CHECK(mib < 200);  // all of them at once took 330
}

TEST_CASE("a URL that never answers is one line of the log") {
  const TempDir dir;
  Stack stack(exporters(dir) + client("never", "never", dir, "\"\nmetrics_timeout = \"100ms"),
              kNoPort);
  stack.wait_ready();
  const std::string line = "metrics of never.0 could not be read 3 times in a row";
  REQUIRE(wait_until([&] { return stack.supervisor().output().find(line) != std::string::npos; }));
  const double before = Stack::sum_of(stack.metrics(), "holdfast_metrics_fetch_errors_total");
  REQUIRE(wait_until([&] {
    return Stack::sum_of(stack.metrics(), "holdfast_metrics_fetch_errors_total") > before + 5;
  }));
  const std::string log = stack.supervisor().output();
  CHECK(log.find(line, log.find(line) + 1) == std::string::npos);
}

TEST_CASE("an exporter gets Prometheus' request: format, encoding, timeout, and its own query") {
  const TempDir dir;
  Stack stack(exporters(dir) + client("echo", "echo", dir, ":/probe?module=a&target=b"), kNoPort);
  stack.wait_ready();
  std::string metrics;
  REQUIRE(wait_until([&] {
    metrics = stack.metrics();
    return metrics.find("echo_info{") != std::string::npos;
  }));
  INFO(metrics);
  for (const char* label : {"target=\"/probe?module=a&target=b\"", "encoding=\"identity\"",
                            "accept=\"text/plain;version=0.0.4,", "timeout=\"2\""}) {
    CHECK(Stack::sum_of(metrics, "echo_info", label) == 1);
  }
}

TEST_CASE("workers that share an address do not count twice") {
  const TempDir dir;
  Stack stack(exporters(dir) + client("good", "good", dir) + client("same", "good", dir), kNoPort);
  stack.wait_ready();
  REQUIRE(wait_until([&] { return Stack::sum_of(stack.metrics(), "good_open") == 2; }));
  const auto rounds = [](const std::string& metrics) {
    return Stack::sum_of(metrics, "holdfast_metrics_collect_duration_seconds_count");
  };
  const double before = rounds(stack.metrics());
  std::string metrics;
  REQUIRE(wait_until([&] {
    metrics = stack.metrics();
    return rounds(metrics) >= before + 2;
  }));
  CHECK(Stack::sum_of(metrics, "good_total") == 5);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_up") == 1);
}
