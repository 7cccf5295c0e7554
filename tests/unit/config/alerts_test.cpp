// SPDX-License-Identifier: Apache-2.0
// [alerts] and [alert_rule.NAME].
#include "common/config/diff.hpp"
#include "common/config/show.hpp"
#include "tests/unit/config/support.hpp"

namespace holdfast::config {

using namespace std::chrono_literals;

TEST_CASE("a rule holds what is written, and nothing else") {
  const Config config = load_good(R"(
[alerts]
cooldown = "1m"
runbook_url = "https://wiki.example.com/"
[alert_rule.HoldfastErrorRateHigh]
count = 20
window = "1m"
severity = "critical"
[alert_rule.HoldfastNotReady]
for = "2m"
)")
                            .config;
  CHECK(config.alerts.cooldown == 1min);
  const AlertRule& errors = config.alert_rules.at("HoldfastErrorRateHigh");
  CHECK(errors.count == 20u);
  CHECK(errors.window == Duration(1min));
  CHECK(errors.severity == "critical");
  CHECK_FALSE(errors.hold);
  CHECK_FALSE(errors.cooldown);
  CHECK(config.alert_rules.at("HoldfastNotReady").hold == Duration(2min));
  // What check-config prints can be read again, and means the same.
  CHECK(load_good(show(config)).config.alert_rules == config.alert_rules);
}

TEST_CASE("an alert that does not exist is an error with a suggestion") {
  CHECK(load_bad("[alert_rule.HoldfastWorkerCrashd]\ncount = 3\n") ==
        "holdfast.toml:1:13: [alert_rule.HoldfastWorkerCrashd]: there is no alert "
        "'HoldfastWorkerCrashd'; did you mean 'HoldfastWorkerCrashed'?");
  CHECK(load_bad("[alert_rule.HoldfastNotReady]\nfro = \"1m\"\n").find("did you mean 'for'?") !=
        std::string::npos);
}

TEST_CASE("keys of alerts that contradict each other are problems, useless ones are warnings") {
  CHECK(load_bad("[alerts]\ncooldown = \"5h\"\n").find("repeat_interval: 4h is shorter than") !=
        std::string::npos);
  CHECK(load_bad("[alerts]\nrunbook_url = \"wiki/\"\n").find("must be an http://") !=
        std::string::npos);
  const auto warnings = load_good(R"(
[alert_rule.HoldfastNotReady]
count = 3
window = "1m"
threshold = "1m"
[alert_rule.HoldfastWorkerCrashed]
for = "1m"
)")
                            .warnings;
  REQUIRE(warnings.size() == 4);
  CHECK(warnings[0] ==
        "holdfast.toml:3:9: [alert_rule.HoldfastNotReady] count has no effect: HoldfastNotReady "
        "follows from a state that lasts; use 'for'");
}

TEST_CASE("a rule that comes with a reload is told key by key") {
  const auto differences = compare(
      load_good("").config, load_good("[alert_rule.HoldfastNotReady]\nfor = \"2m\"\n").config);
  REQUIRE(differences.size() == 1);
  CHECK(differences[0].section == "alert_rule.HoldfastNotReady");
  REQUIRE(differences[0].keys.size() == 1);
  CHECK(differences[0].keys[0].after == "\"2m\"");
}

}  // namespace holdfast::config
