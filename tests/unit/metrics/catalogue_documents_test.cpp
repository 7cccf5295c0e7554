// SPDX-License-Identifier: Apache-2.0
// docs/metrics.md lists the catalogue, and alert rules and dashboard name nothing that is not in
// it.
#include "common/metrics/catalogue.hpp"
#include "common/os/file.hpp"
#include "tests/support/catch.hpp"

#include <regex>
#include <set>
#include <sstream>

using namespace holdfast;
using namespace holdfast::metrics;

namespace {

std::string source(const std::string& path) {
  const auto text = read_file(HOLDFAST_SOURCE_DIR "/" + path);
  INFO(path);
  REQUIRE(text);
  return *text;
}

const char* type_name(Type type) {
  switch (type) {
    case Type::Counter: return "counter";
    case Type::Gauge: return "gauge";
    case Type::Histogram: return "histogram";
    default: return "untyped";
  }
}

const char* rule_name(GaugeRule rule) {
  switch (rule) {
    case GaugeRule::Max: return "max";
    case GaugeRule::Min: return "min";
    case GaugeRule::Average: return "average";
    case GaugeRule::First: return "first";
    case GaugeRule::All: return "all";
    case GaugeRule::Sum: break;
  }
  return "sum";
}

std::string row(const Declaration& entry) {
  std::string labels;
  for (const std::string_view label : entry.labels())
    labels += (labels.empty() ? "`" : ", `") + std::string(label) + "`";
  std::string text =
      "| `" + std::string(entry.name) + "` | " + type_name(entry.type) + " | " + labels + " | ";
  if (entry.owner == Owner::Worker) text += std::string(rule_name(entry.rule)) + " | ";
  return text + std::string(entry.help) + " |";
}

// The metric names in PromQL: what stands before a brace or a bracket, or is a known prefix.
std::set<std::string> names_in(const std::string& text) {
  static const std::regex kName(
      "\\b(holdfast_|http_|queue_|embedding_|event_loop_|heap_|process_|rate_limit_|store_|log_"
      "|auth_)[a-z_]+");
  std::set<std::string> names;
  for (std::sregex_iterator it(text.begin(), text.end(), kName), end; it != end; ++it) {
    // A recorded series: "job:http_requests:rate5m".
    const auto at = static_cast<std::size_t>(it->position());
    if (at > 0 && text[at - 1] == ':') continue;
    names.insert(it->str());
  }
  return names;
}

bool is_declared(std::string name) {
  if (find_declaration(name) != nullptr) return true;
  for (const std::string suffix : {"_bucket", "_sum", "_count"}) {
    if (!name.ends_with(suffix)) continue;
    name.resize(name.size() - suffix.size());
    const Declaration* found = find_declaration(name);
    return found != nullptr && found->type == Type::Histogram;
  }
  return false;
}

}  // namespace

TEST_CASE("docs/metrics.md has a row for every metric, and no other") {
  std::set<std::string> documented;
  std::istringstream lines(source("docs/metrics.md"));
  for (std::string line; std::getline(lines, line);) {
    if (line.starts_with("| `")) documented.insert(line);
  }
  std::set<std::string> declared;
  for (const auto& table : {worker_catalogue(), supervisor_catalogue()}) {
    for (const Declaration& entry : table)
      declared.insert(row(entry));
  }
  for (const std::string& line : declared) {
    INFO("missing in docs/metrics.md:\n" << line);
    CHECK(documented.contains(line));
  }
  for (const std::string& line : documented) {
    INFO("not in the catalogue:\n" << line);
    CHECK(declared.contains(line));
  }
}

TEST_CASE("alert rules, recording rules and dashboard name only metrics of the catalogue") {
  for (const char* path :
       {"docker/prometheus/alert_rules.yml", "docker/prometheus/recording_rules.yml",
        "docker/grafana/dashboards/holdfast.json"}) {
    const auto names = names_in(source(path));
    INFO(path);
    CHECK(names.size() >= 3);
    for (const std::string& name : names) {
      INFO(name);
      CHECK((is_declared(name) || name == "holdfast_prometheus"));
    }
  }
}

// Whether every runbook has an alert, in tests/unit/alerts/table_test.cpp: not all are in
// Prometheus.
TEST_CASE("every alert rule has a runbook with its four headings") {
  const std::string rules = source("docker/prometheus/alert_rules.yml");
  const std::string index = source("docs/runbooks/README.md");
  static const std::regex kAlert("- alert: ([A-Za-z]+)");
  for (std::sregex_iterator it(rules.begin(), rules.end(), kAlert), end; it != end; ++it) {
    const std::string name = (*it)[1];
    const std::string page = source("docs/runbooks/" + name + ".md");
    INFO(name);
    std::size_t at = 0;
    for (const char* heading : {"## Meaning", "## Impact", "## Diagnosis", "## Mitigation"}) {
      at = page.find(heading, at);
      CHECK(at != std::string::npos);
    }
    CHECK(rules.find("runbook: docs/runbooks/" + name + ".md") != std::string::npos);
    CHECK(index.find("(" + name + ".md)") != std::string::npos);
  }
}
