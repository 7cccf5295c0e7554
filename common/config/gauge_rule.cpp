// SPDX-License-Identifier: Apache-2.0
#include "common/config/gauge_rule.hpp"

#include "common/config/suggest.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>
#include <array>
#include <utility>
#include <vector>

namespace holdfast::config {

namespace {

using metrics::GaugeRule;

constexpr std::array<std::pair<std::string_view, GaugeRule>, 6> kRules{{
    {"sum", GaugeRule::Sum},
    {"max", GaugeRule::Max},
    {"min", GaugeRule::Min},
    {"average", GaugeRule::Average},
    {"first", GaugeRule::First},
    {"all", GaugeRule::All},
}};

bool is_glob_character(char c) {
  return text::is_alphanumeric(c) || c == '_' || c == ':' || c == '*' || c == '?';
}

}  // namespace

Result<GaugeRuleLine> parse_gauge_rule(std::string_view text) {
  const auto wrong = [&](const std::string& why) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}': {}; write it like \"cache_*_bytes max\"", text, why));
  };
  const auto space = text.find(' ');
  if (space == std::string_view::npos || text.find(' ', space + 1) != std::string_view::npos) {
    return wrong("it must have two parts with one space between them");
  }
  const std::string_view glob = text.substr(0, space);
  const std::string rule(text.substr(space + 1));
  if (glob.empty() || !std::all_of(glob.begin(), glob.end(), is_glob_character)) {
    return wrong("the first part must be a metric's name; * and ? are wildcards");
  }
  std::vector<std::string> names;
  for (const auto& [name, value] : kRules) {
    if (name == rule) return GaugeRuleLine{std::string(glob), value};
    names.emplace_back(name);
  }
  return wrong(fmt::format("the rule must be one of sum, max, min, average, first and all{}",
                           did_you_mean(rule, names)));
}

}  // namespace holdfast::config
