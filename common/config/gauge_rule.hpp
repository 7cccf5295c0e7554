// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a gauge that several workers report is merged: "cache_*_bytes max" takes the largest value of
// every gauge whose name matches. `*` matches any characters, `?` one; the rules are those of
// metrics::GaugeRule, in lower case.
// Threads: pure.

#include "common/base/result.hpp"
#include "common/metrics/catalogue.hpp"

#include <string>
#include <string_view>

namespace holdfast::config {

struct GaugeRuleLine {
  std::string glob;
  metrics::GaugeRule rule = metrics::GaugeRule::Sum;
};

Result<GaugeRuleLine> parse_gauge_rule(std::string_view text);

}  // namespace holdfast::config
