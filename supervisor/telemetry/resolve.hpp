// SPDX-License-Identifier: Apache-2.0
#pragma once

// Resolves a sample's name: the family it belongs to, and which part of the family it is. TYPE
// lines may appear anywhere in the text. Families are named as in format 0.0.4 (the OpenMetrics
// counter `jobs` with the sample `jobs_total` becomes the family `jobs_total`), so that workers
// with different formats are added up.
//
// Threads: one at a time. Views point into the exposition's text.

#include "common/metrics/model.hpp"
#include "supervisor/telemetry/gauge_rules.hpp"
#include "supervisor/telemetry/parser.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace holdfast::supervisor::telemetry {

enum class Role : std::uint8_t {
  Scalar,  // the value of a counter, gauge or untyped family
  Bucket,  // of a histogram; `le` is its bound
  Sum,     // of a histogram or summary
  Count,
  Quantile,     // of a summary: cannot be merged
  Created,      // a *_created time of a counter, histogram or summary: cannot be merged
  Unsupported,  // a gauge histogram, or a name that does not exist for the type of its family
};

struct LocalFamily {
  std::string name;
  std::string_view help;  // raw
  metrics::Type type = metrics::Type::Untyped;
  GaugeRules::Kind kind = GaugeRules::Kind::Plain;
};

struct Resolved {
  std::uint32_t family = 0;  // in Resolver::families; not set for the last three roles
  Role role = Role::Unsupported;
};

class Resolver {
 public:
  explicit Resolver(const Exposition& exposition);

  Resolved resolve(std::string_view name);
  const std::vector<LocalFamily>& families() const { return families_; }

 private:
  Resolved look_up(std::string_view name);
  Resolved exact(std::string_view name, const ParsedFamily& declared);
  const ParsedFamily* declared(std::string_view name) const;
  std::uint32_t local(std::string_view name, std::string_view help, metrics::Type type,
                      GaugeRules::Kind kind = GaugeRules::Kind::Plain);
  GaugeRules::Kind kind_of_gauge(std::string_view name) const;

  std::unordered_map<std::string_view, const ParsedFamily*> declared_;
  std::unordered_map<std::string, std::uint32_t> by_name_;
  std::vector<LocalFamily> families_;
  std::unordered_map<std::string_view, Resolved> resolved_;
  std::string_view last_name_;
  Resolved last_;
};

}  // namespace holdfast::supervisor::telemetry
