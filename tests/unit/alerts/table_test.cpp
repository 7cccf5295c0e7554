// SPDX-License-Identifier: Apache-2.0
// The table of conditions against the Prometheus rules, the runbooks, the documentation and the
// names that the configuration knows.
#include "common/base/duration.hpp"
#include "common/config/alert_names.hpp"
#include "common/os/file.hpp"
#include "supervisor/alerts/condition_table.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <filesystem>
#include <map>
#include <regex>
#include <set>
#include <sstream>

using namespace holdfast;
using namespace holdfast::supervisor::alerts;

namespace {

struct PrometheusRule {
  std::string expression;
  std::string severity;
  Duration hold{};
  std::string runbook;
};

std::string value_after(const std::string& line, const std::string& key) {
  const auto at = line.find(key);
  return at == std::string::npos ? std::string() : line.substr(at + key.size());
}

// The rules file has one key a line, which is all that this reads.
std::map<std::string, PrometheusRule> prometheus_rules() {
  const auto text = read_file(HOLDFAST_SOURCE_DIR "/docker/prometheus/alert_rules.yml");
  REQUIRE(text);
  std::map<std::string, PrometheusRule> rules;
  std::string name;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    if (const auto found = value_after(line, "- alert: "); !found.empty()) name = found;
    if (name.empty()) continue;
    PrometheusRule& rule = rules[name];
    if (const auto found = value_after(line, " expr: "); !found.empty()) rule.expression = found;
    if (const auto found = value_after(line, " severity: "); !found.empty()) rule.severity = found;
    if (const auto found = value_after(line, " runbook: "); !found.empty()) rule.runbook = found;
    if (const auto found = value_after(line, " for: "); !found.empty()) {
      const auto hold = parse_duration(found);
      REQUIRE(hold);
      rule.hold = *hold;
    }
  }
  return rules;
}

// As a page says it: "five minutes".
std::string in_words(Duration duration) {
  using namespace std::chrono_literals;
  static const std::map<Duration, std::string> words{
      {30s, "half a minute"}, {1min, "a minute"}, {5min, "five minutes"}, {10min, "ten minutes"}};
  const auto found = words.find(duration);
  return found == words.end() ? format_duration(duration) : found->second;
}

// "increase(x[5m]) >= 5": the window, and how many events it takes.
std::pair<Duration, std::uint32_t> threshold_of(const std::string& expression) {
  static const std::regex form(R"(\[(\w+)\]\) (>=?) (\d+)$)");
  std::smatch parts;
  REQUIRE(std::regex_search(expression, parts, form));
  const auto window = parse_duration(parts[1].str());
  REQUIRE(window);
  const auto number = static_cast<std::uint32_t>(std::stoul(parts[3].str()));
  return {*window, parts[2] == ">" ? number + 1 : number};
}

}  // namespace

TEST_CASE("the table and the Prometheus rules have the same alerts, severities and times") {
  auto rules = prometheus_rules();
  for (const Condition& condition : conditions()) {
    INFO(condition.name);
    const auto found = rules.find(std::string(condition.name));
    if (!condition.only_here.empty()) {
      CHECK(found == rules.end());
      continue;
    }
    REQUIRE(found != rules.end());
    CHECK(found->second.severity == to_string(condition.severity));
    CHECK(found->second.hold == condition.hold);
    if (condition.kind == Condition::Kind::Event) {
      CHECK(threshold_of(found->second.expression) == std::pair(condition.window, condition.count));
    }
    if (condition.threshold > Duration::zero()) {
      const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(condition.threshold);
      CHECK(found->second.expression.ends_with(fmt::format("> {}", seconds.count())));
    }
    rules.erase(found);
  }
  for (const auto& [name, rule] : rules)
    FAIL_CHECK("not in the table: " << name);
}

TEST_CASE("every alert has a runbook of its name, which the index lists") {
  const std::filesystem::path folder = HOLDFAST_SOURCE_DIR "/docs/runbooks";
  const auto index = read_file(folder / "README.md");
  REQUIRE(index);
  std::set<std::string> pages;
  for (const auto& entry : std::filesystem::directory_iterator(folder))
    pages.insert(entry.path().stem());
  pages.erase("README");
  for (const Condition& condition : conditions()) {
    const std::string name(condition.name);
    INFO(name);
    CHECK(pages.erase(name) == 1);
    CHECK(index->find(fmt::format("[{0}]({0}.md)", name)) != std::string::npos);
    const auto page = read_file(folder / (name + ".md"));
    REQUIRE(page);
    std::size_t at = 0;
    for (const char* heading : {"## Meaning", "## Impact", "## Diagnosis", "## Mitigation"}) {
      at = page->find(heading, at);
      CHECK(at != std::string::npos);
    }
    CHECK(runbook_of(name, {}) == "docs/runbooks/" + name + ".md");
  }
  CHECK(pages.empty());
}

TEST_CASE("a runbook says for how long its alert has to last") {
  for (const auto& [name, rule] : prometheus_rules()) {
    if (rule.hold == Duration::zero()) continue;
    const auto page = read_file(HOLDFAST_SOURCE_DIR "/" + rule.runbook);
    REQUIRE(page);
    std::string meaning = page->substr(0, page->find("## Impact"));
    std::replace(meaning.begin(), meaning.end(), '\n', ' ');
    const std::string lasts = in_words(rule.hold);
    INFO(name << " lasts " << lasts << "; " << meaning);
    const bool said =
        std::regex_search(meaning, std::regex("(^|\\b(for|For|after) )" + lasts + "\\b"));
    CHECK(said);
  }
}

TEST_CASE("the configuration knows the alerts of the table, and which keys each understands") {
  std::set<std::string> known;
  for (const config::AlertName& name : config::alert_names())
    known.insert(std::string(name.name));
  for (const Condition& condition : conditions()) {
    INFO(condition.name);
    const config::AlertName* const name = config::find_alert_name(condition.name);
    REQUIRE((name != nullptr) == (condition.kind != Condition::Kind::Elsewhere));
    if (name == nullptr) continue;
    known.erase(std::string(condition.name));
    CHECK((name->kind == config::AlertName::Kind::State) ==
          (condition.kind == Condition::Kind::State));
    CHECK(name->has_threshold == (condition.threshold > Duration::zero()));
  }
  CHECK(known.empty());
}

TEST_CASE("the documentation lists every alert with its severity and times, or as Prometheus's") {
  const auto text = read_file(HOLDFAST_SOURCE_DIR "/docs/alerts.md");
  REQUIRE(text);
  for (const Condition& condition : conditions()) {
    if (condition.kind == Condition::Kind::Elsewhere) {
      INFO(condition.name << " is named as one that only Prometheus has");
      CHECK(text->find(fmt::format("`{}`", condition.name)) < text->find("\n## "));
      continue;
    }
    const std::string when =
        condition.kind == Condition::Kind::State
            ? (condition.hold == Duration::zero() ? "at once"
                                                  : "lasts " + format_duration(condition.hold))
            : fmt::format("{} in {}", condition.count, format_duration(condition.window));
    const std::string row = fmt::format("| [`{0}`](runbooks/{0}.md) | {1} | {2} |", condition.name,
                                        to_string(condition.severity), when);
    INFO(row);
    CHECK(text->find(row) != std::string::npos);
  }
}

TEST_CASE("a rule of the file changes the table, and leaves what it does not name") {
  config::Config config;
  config.alerts.cooldown = std::chrono::minutes(1);
  config.alerts.runbook_url = "https://wiki.example.com/runbooks";
  config::AlertRule rule;
  rule.severity = "critical";
  rule.count = 20;
  config.alert_rules["HoldfastErrorRateHigh"] = rule;
  const RuleSettings settings = settings_of(*find_condition("HoldfastErrorRateHigh"), config);
  CHECK(settings.severity == Severity::Critical);
  CHECK(settings.count == 20);
  CHECK(settings.window == std::chrono::minutes(5));
  CHECK(settings.cooldown == std::chrono::minutes(1));
  CHECK(runbook_of("HoldfastNotReady", config.alerts) ==
        "https://wiki.example.com/runbooks/HoldfastNotReady.md");
}
