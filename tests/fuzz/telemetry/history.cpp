// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/telemetry/history.hpp"

#include "tests/fuzz/fuzz.hpp"
#include "tests/support/exposition.hpp"

#include <cmath>
#include <sstream>

namespace holdfast::supervisor::telemetry {
namespace {

using fuzz::require;

bool is_total(const Series& series, const Reading& reading) {
  if (reading.type == "counter") return true;
  if (reading.type != "histogram" && reading.type != "summary") return false;
  return series.first == reading.family + "_bucket" || series.first == reading.family + "_count";
}

void require_that(bool holds, const Series& series, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "%s\n", series.first.c_str());
  for (const auto& [name, value] : series.second)
    std::fprintf(stderr, "  %s=%s\n", name.c_str(), value.c_str());
  require(false, what);
}

// With `le` as a number's one spelling.
Series with_plain_bound(Series series) {
  const auto le = series.second.find("le");
  if (le != series.second.end() && le->second.ends_with(".0") &&
      le->second.find('e') == std::string::npos) {
    le->second.resize(le->second.size() - 2);
  }
  return series;
}

}  // namespace

Readings read_exposition(const std::string& text) {
  Readings readings;
  std::string family;
  std::string type;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    if (line.starts_with("# TYPE ")) {
      const std::size_t space = line.find(' ', 7);
      family = line.substr(7, space - 7);
      type = line.substr(space + 1);
    }
    if (line.starts_with('#')) continue;
    auto sample = test::read_exposition_line(line);
    require(sample.has_value(), "a sample can be read");
    readings.emplace(Series{sample->name, sample->labels}, Reading{sample->value, family, type});
  }
  return readings;
}

void require_same(const Readings& text, const Readings& open_metrics) {
  Readings plain;
  for (const auto& [series, reading] : open_metrics) {
    const bool bucket = reading.type == "histogram" && series.first == reading.family + "_bucket";
    plain.emplace(bucket ? with_plain_bound(series) : series, reading);
  }
  for (const auto& [series, reading] : text) {
    const auto found = plain.find(series);
    const bool distribution = reading.type == "histogram" || reading.type == "summary";
    const bool may_miss =
        distribution &&
        (series.first == reading.family + "_sum" ||
         (reading.type == "histogram" && series.first == reading.family + "_count"));
    require_that(found != plain.end() || may_miss, series, "both formats have it");
    if (found == plain.end()) continue;
    const double other = found->second.value;
    require_that(reading.value == other || (std::isnan(reading.value) && std::isnan(other)), series,
                 "both formats say the same");
    plain.erase(found);
  }
  require(plain.empty(), "OpenMetrics has nothing of its own");
}

void History::add(const Readings& now, bool may_forget) {
  std::map<std::string, std::string> families;
  for (const auto& [series, reading] : now)
    families[reading.family] = reading.type;
  for (const auto& [name, type] : families_) {
    const auto found = families.find(name);
    const bool same = found != families.end() && found->second == type;
    if (same) continue;
    const bool total = type == "counter" || type == "histogram" || type == "summary";
    require(may_forget || !total, "a total outlives its workers");
    std::erase_if(highest_,
                  [&family = name](const auto& entry) { return entry.second.family == family; });
  }
  families_ = std::move(families);
  for (auto& [series, reading] : highest_) {
    const auto found = now.find(series);
    const bool bucket = series.first == reading.family + "_bucket";
    // A bound may go, when the newest worker has others.
    require_that(found != now.end() || bucket, series, "a total stays");
    if (found == now.end()) continue;
    require_that(found->second.value >= reading.value, series, "a total does not fall");
    reading.value = found->second.value;
  }
  for (const auto& [series, reading] : now) {
    if (is_total(series, reading)) highest_.emplace(series, reading);
  }
}

}  // namespace holdfast::supervisor::telemetry
