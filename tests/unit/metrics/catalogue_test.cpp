// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/catalogue.hpp"

#include "common/metrics/exposition.hpp"
#include "common/metrics/heap.hpp"
#include "common/metrics/instruments.hpp"
#include "common/metrics/registry.hpp"
#include "common/metrics/text.hpp"
#include "tests/support/catch.hpp"

#include <cmath>
#include <set>
#include <vector>

using namespace holdfast::metrics;

namespace {

std::vector<Declaration> everything() {
  std::vector<Declaration> all(worker_catalogue().begin(), worker_catalogue().end());
  all.insert(all.end(), supervisor_catalogue().begin(), supervisor_catalogue().end());
  return all;
}

}  // namespace

TEST_CASE("no name is declared twice, and no family takes another's sample names") {
  std::set<std::string> taken;
  for (const Declaration& entry : everything()) {
    for (const std::string& name : sample_names(entry.name, entry.type)) {
      INFO(name);
      CHECK(taken.insert(name).second);
    }
  }
}

TEST_CASE("every declaration is complete and named as Prometheus asks") {
  for (const Declaration& entry : everything()) {
    INFO(entry.name);
    CHECK(valid_metric_name(entry.name));
    CHECK(entry.help.ends_with('.'));
    CHECK(entry.name.ends_with("_total") == (entry.type == Type::Counter));
    CHECK((entry.type == Type::Histogram) == !entry.buckets.empty());
    std::set<std::string_view> labels;
    for (const std::string_view label : entry.labels()) {
      CHECK(valid_label_name(label));
      CHECK(label != "le");
      CHECK(labels.insert(label).second);
    }
    for (std::size_t i = 0; i < entry.buckets.size(); ++i) {
      CHECK(std::isfinite(entry.buckets[i]));
      if (i > 0) CHECK(entry.buckets[i - 1] < entry.buckets[i]);
    }
  }
}

TEST_CASE("holdfast_ names belong to the supervisor and to nobody else") {
  for (const Declaration& entry : worker_catalogue()) {
    INFO(entry.name);
    CHECK(entry.owner == Owner::Worker);
    CHECK_FALSE(is_reserved(entry.name));
  }
  for (const Declaration& entry : supervisor_catalogue()) {
    INFO(entry.name);
    CHECK(entry.owner == Owner::Supervisor);
    CHECK(is_reserved(entry.name));
  }
  CHECK(is_reserved("holdfast_made_up"));
  CHECK_FALSE(is_reserved("process_made_up"));
}

TEST_CASE("a queue's size is one truth that every worker sees, not a sum") {
  CHECK(declaration("queue_size").rule == GaugeRule::Max);
  CHECK(declaration("http_requests_in_flight").rule == GaugeRule::Sum);
}

TEST_CASE("an unknown name is found by nobody and refused loudly") {
  CHECK(find_declaration("nobody_declared_this") == nullptr);
  CHECK_THROWS_AS(declaration("nobody_declared_this"), std::logic_error);
  CHECK_THROWS_AS(declared_family("nobody_declared_this"), std::logic_error);
  CHECK(declared_family("queue_size").type == Type::Gauge);
}

TEST_CASE("instruments take name, help and buckets from the catalogue") {
  prometheus::Registry registry;
  Counters requests(registry, "http_requests_total");
  requests.with({{"method", "GET"}, {"route", "/"}, {"status", "200"}}).Increment();
  Histograms lag(registry, "event_loop_lag_seconds");
  lag.only().Observe(0.001);
  const auto families = registry.Collect();
  REQUIRE(families.size() == 2);
  for (const auto& family : families) {
    const Declaration& entry = declaration(family.name);
    CHECK(family.help == entry.help);
    REQUIRE(family.metric.size() == 1);
    if (entry.type == Type::Histogram) {
      CHECK(family.metric[0].histogram.bucket.size() == entry.buckets.size() + 1);
    } else {
      CHECK(family.metric[0].counter.value == 1);
    }
  }
}

TEST_CASE("asking twice for the same series gives the same instrument") {
  prometheus::Registry registry;
  Gauges first(registry, "queue_size");
  Gauges second(registry, "queue_size");
  const prometheus::Labels labels{{"queue", "a"}, {"state", "ready"}};
  CHECK(&first.with(labels) == &second.with(labels));
}

TEST_CASE("a counter that was asked for at the start is exposed as 0 before its first increment") {
  prometheus::Registry registry;
  Counters counters(registry, "queue_jobs_total");
  counters.with({{"queue", "a"}, {"outcome", "done"}});
  std::string text;
  write_text(registry, text);
  CHECK(text.find("queue_jobs_total{outcome=\"done\",queue=\"a\"} 0\n") != std::string::npos);
}

TEST_CASE("misuse of the catalogue fails at start-up") {
  prometheus::Registry registry;
  CHECK_THROWS_AS(Counters(registry, "not_declared_total"), std::logic_error);
  CHECK_THROWS_AS(Gauges(registry, "http_requests_total"), std::logic_error);
  Counters requests(registry, "http_requests_total");
  CHECK_THROWS_AS(requests.with({{"method", "GET"}}), std::logic_error);
  CHECK_THROWS_AS(requests.with({{"method", "GET"}, {"route", "/"}, {"code", "200"}}),
                  std::logic_error);
  CHECK_THROWS_AS(requests.only(), std::logic_error);
}

TEST_CASE("the heap figures follow an allocation") {
  prometheus::Registry registry;
  HeapInstruments heap(registry);
  const auto used = [&] {
    for (const auto& family : registry.Collect()) {
      if (family.name == "heap_used_bytes") return family.metric.at(0).gauge.value;
    }
    return -1.0;
  };
  const double before = used();
  const std::vector<char> block(8u << 20, 'x');
  heap.update();
#if defined(HOLDFAST_SANITIZED)
  CHECK(used() >= 0);  // a sanitizer's allocator does not report to mallinfo2
#else
  CHECK(used() >= before + static_cast<double>(block.size()));
#endif
  CHECK(block.back() == 'x');
  CHECK(before >= 0);
}
