// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a Prometheus server that scrapes the aggregate would remember.
//
// Threads: values.

#include <map>
#include <string>
#include <utility>

namespace holdfast::supervisor::telemetry {

struct Reading {
  double value = 0;
  std::string family;
  std::string type;
  bool operator==(const Reading&) const = default;
};
using Series = std::pair<std::string, std::map<std::string, std::string>>;  // name, labels
using Readings = std::map<Series, Reading>;

// Of a valid exposition.
Readings read_exposition(const std::string& text);

// Requires that both formats agree where they can. OpenMetrics has sums, and histogram counts, only
// for what cannot be negative, formats `le` differently, and declares some counters as unknown.
void require_same(const Readings& text, const Readings& open_metrics);

// Requires that no total decreases or is lost.
class History {
 public:
  void add(const Readings& now, bool may_forget);

 private:
  std::map<std::string, std::string> families_;  // and their types
  Readings highest_;                             // counters, buckets and counts
};

}  // namespace holdfast::supervisor::telemetry
