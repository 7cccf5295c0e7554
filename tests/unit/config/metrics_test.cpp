// SPDX-License-Identifier: Apache-2.0
// [metrics]: gauge rules and limits.
#include "common/config/gauge_rule.hpp"
#include "tests/unit/config/support.hpp"

namespace holdfast::config {

using metrics::GaugeRule;

TEST_CASE("a gauge rule is a glob and a rule") {
  struct Row {
    const char* text;
    const char* glob;
    GaugeRule rule;
  };
  const Row row = GENERATE(values<Row>({
      {"cache_*_bytes max", "cache_*_bytes", GaugeRule::Max},
      {"pool:size sum", "pool:size", GaugeRule::Sum},
      {"shard_?_lag min", "shard_?_lag", GaugeRule::Min},
      {"* average", "*", GaugeRule::Average},
      {"App_version first", "App_version", GaugeRule::First},
      {"temperature all", "temperature", GaugeRule::All},
  }));
  INFO(row.text);
  const auto rule = parse_gauge_rule(row.text);
  REQUIRE(rule);
  CHECK(rule->glob == row.glob);
  CHECK(rule->rule == row.rule);
}

TEST_CASE("a bad gauge rule is reported with what is wrong, where, and how to write it") {
  struct Row {
    const char* text;
    const char* expected;
  };
  const Row row = GENERATE(values<Row>({
      {"cache_bytes", "it must have two parts"},
      {"cache_bytes  max", "it must have two parts"},
      {" max", "the first part must be a metric's name"},
      {"caché max", "the first part must be a metric's name"},
      {"cache_bytes maxx", "did you mean 'max'?"},
      {"cache_bytes MAX", "the rule must be one of sum, max, min"},
      {"", "it must have two parts"},
  }));
  const std::string problem =
      load_bad("[metrics]\ngauge_rules = [\"a sum\", \"" + std::string(row.text) + "\"]");
  INFO(problem);
  CHECK(problem.find(row.expected) != std::string::npos);
  CHECK(problem.find("holdfast.toml:2:25: [metrics] gauge_rules") != std::string::npos);
  CHECK(problem.find("write it like \"cache_*_bytes max\"") != std::string::npos);
}

TEST_CASE("the aggregate cannot be smaller than what one worker may have") {
  const std::string problem = load_bad("[metrics]\nmax_series = 500");
  CHECK(problem.find("max_series: 500 is less than max_series_per_worker, 10000") !=
        std::string::npos);
  CHECK(load_good("[metrics]\nmax_series = 500\nmax_series_per_worker = 500")
            .config.metrics.max_series == 500);
}

TEST_CASE("a changed [metrics] rolls no worker: only the supervisor reads it") {
  const auto plain = load_good("").config;
  const auto ruled = load_good("[metrics]\ngauge_rules = [\"a max\"]").config;
  REQUIRE(plain.programs.size() == ruled.programs.size());
  for (std::size_t i = 0; i < plain.programs.size(); ++i)
    CHECK(plain.programs[i].uses == ruled.programs[i].uses);
}

}  // namespace holdfast::config
