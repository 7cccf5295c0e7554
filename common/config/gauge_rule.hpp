// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a gauge that several workers report becomes one: "cache_*_bytes max" takes the largest of
// every gauge of such a name. `*` stands for any characters, `?` for one; the rules are those of
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
