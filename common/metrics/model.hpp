// SPDX-License-Identifier: Apache-2.0
#pragma once

// Metrics as plain values: what the exposition writer prints, whatever their source. Workers
// collect them from a prometheus-cpp registry (registry.hpp); the supervisor also builds them
// directly.
//
// Threads: values, no shared state. Units: as the metric's name says (seconds, bytes).

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace holdfast::metrics {

enum class Type { Counter, Gauge, Histogram, Summary, Untyped };

struct Label {
  std::string name;
  std::string value;
  auto operator<=>(const Label&) const = default;
};
using Labels = std::vector<Label>;

struct Bucket {
  double upper_bound = 0;
  std::uint64_t cumulative_count = 0;
};

// The +Inf bucket is not listed: its value is `count`.
struct HistogramValue {
  std::vector<Bucket> buckets;
  std::uint64_t count = 0;
  double sum = 0;
};

struct Quantile {
  double quantile = 0;
  double value = 0;
};

struct SummaryValue {
  std::vector<Quantile> quantiles;
  std::uint64_t count = 0;
  double sum = 0;
};

struct FamilySample {
  Labels labels;
  std::variant<double, HistogramValue, SummaryValue> value;
};

// One name, one type, one help text. The samples of a Histogram hold HistogramValue, those of a
// Summary SummaryValue, all others a double; the writer omits samples of the wrong kind.
struct Family {
  std::string name;
  std::string help;
  Type type = Type::Untyped;
  std::vector<FamilySample> samples;

  Family& add(Labels labels, double value) {
    samples.push_back({std::move(labels), value});
    return *this;
  }
  Family& add(double value) { return add({}, value); }
};

// Text004: Prometheus text format 0.0.4. OpenMetrics100: OpenMetrics 1.0.
enum class Format { Text004, OpenMetrics100 };

}  // namespace holdfast::metrics
