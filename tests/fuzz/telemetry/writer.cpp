// SPDX-License-Identifier: Apache-2.0
// Families made from the input, written in both formats and parsed again: the text is always valid,
// and every series that can be written comes back with the same value and labels.
#include "common/metrics/exposition.hpp"
#include "common/metrics/text.hpp"
#include "supervisor/telemetry/number.hpp"
#include "supervisor/telemetry/parser.hpp"
#include "tests/fuzz/fuzz.hpp"
#include "tests/fuzz/telemetry/families.hpp"
#include "tests/support/exposition.hpp"

#include <cmath>
#include <map>
#include <set>

using namespace holdfast::metrics;
using holdfast::fuzz::require;
using holdfast::supervisor::telemetry::Exposition;
using holdfast::supervisor::telemetry::parse_number;
using holdfast::supervisor::telemetry::unescape;

namespace {

using Key = std::pair<std::string, std::map<std::string, std::string>>;  // name, labels
using Numbers = std::map<Key, double>;

// The text as a reader gets it: invalid UTF-8 cannot be written.
bool writable(const Family& family) {
  bool result = valid_utf8(family.help);
  for (const FamilySample& sample : family.samples) {
    for (const Label& label : sample.labels)
      result = result && valid_utf8(label.value);
  }
  return result;
}

// `le` and `quantile` as numbers, so that both formats' spellings are one.
std::string bound_text(double bound) {
  char buffer[32];
  std::snprintf(buffer, sizeof buffer, "%.17g", bound == 0 ? 0.0 : bound);
  return buffer;
}

// What stands in the text, read by the product's parser.
Numbers read_back(const std::string& text, const std::set<std::string>& bucket_names,
                  const std::set<std::string>& summaries) {
  const Exposition parsed = holdfast::supervisor::telemetry::parse(text);
  require(parsed.bad_lines == 0, "every line can be read");
  Numbers numbers;
  for (std::size_t i = 0; i < parsed.samples.size(); ++i) {
    const auto& sample = parsed.samples[i];
    Key key{std::string(sample.name), {}};
    for (std::uint32_t l = 0; l < sample.label_count; ++l) {
      const auto& label = parsed.labels[sample.first_label + l];
      std::string value = unescape(label.value);
      const bool bound = (label.name == "le" && bucket_names.contains(key.first)) ||
                         (label.name == "quantile" && summaries.contains(key.first));
      if (bound) value = bound_text(parse_number(value).value());
      require(key.second.emplace(label.name, value).second, "no label twice");
    }
    require(numbers.emplace(key, parsed.values[i]).second, "no series twice");
  }
  return numbers;
}

// What ought to stand there, of families that are well formed (families.hpp).
Numbers expected(const std::vector<Family>& families, Format format) {
  Numbers numbers;
  for (const Family& family : families) {
    for (const FamilySample& sample : family.samples) {
      std::map<std::string, std::string> labels;
      for (const Label& label : sample.labels) {
        if (!label.value.empty()) labels.emplace(label.name, label.value);
      }
      const auto put = [&](const std::string& suffix, double value, const char* bound_name = "",
                           double bound = 0) {
        Key key{family.name + suffix, labels};
        if (*bound_name != '\0') key.second[bound_name] = bound_text(bound);
        numbers.emplace(key, value);
      };
      const bool text = format == Format::Text004;
      if (const auto* value = std::get_if<double>(&sample.value)) {
        put("", *value);
      } else if (const auto* histogram = std::get_if<HistogramValue>(&sample.value)) {
        bool negative = !(histogram->sum >= 0);
        for (const Bucket& bucket : histogram->buckets) {
          negative = negative || bucket.upper_bound < 0;
          put("_bucket", static_cast<double>(bucket.cumulative_count), "le", bucket.upper_bound);
        }
        put("_bucket", static_cast<double>(histogram->count), "le", INFINITY);
        if (negative && !text) continue;
        put("_count", static_cast<double>(histogram->count));
        put("_sum", histogram->sum);
      } else {
        const auto& summary = std::get<SummaryValue>(sample.value);
        for (const Quantile& quantile : summary.quantiles) {
          if (text || !(quantile.value < 0)) put("", quantile.value, "quantile", quantile.quantile);
        }
        put("_count", static_cast<double>(summary.count));
        if (text || summary.sum >= 0) put("_sum", summary.sum);
      }
    }
  }
  return numbers;
}

void check_round_trip(const std::vector<Family>& families, const std::string& text, Format format) {
  std::set<std::string> bucket_names;
  std::set<std::string> summaries;
  for (const Family& family : families) {
    if (family.type == Type::Histogram) bucket_names.insert(family.name + "_bucket");
    if (family.type == Type::Summary) summaries.insert(family.name);
  }
  const Numbers got = read_back(text, bucket_names, summaries);
  const Numbers wanted = expected(families, format);
  for (const auto& [key, value] : wanted) {
    const auto found = got.find(key);
    if (found == got.end()) std::fprintf(stderr, "%s\n%s", key.first.c_str(), text.c_str());
    require(found != got.end(), "what was given comes back");
    require(found->second == value || (std::isnan(value) && std::isnan(found->second)),
            "a number comes back as it was");
  }
  require(got.size() == wanted.size(), "nothing else comes back");
}

void check_help(const std::vector<Family>& families, const std::string& text) {
  std::map<std::string_view, const Family*> by_name;
  for (const Family& family : families)
    by_name.emplace(family.name, &family);
  for (const auto& read : holdfast::supervisor::telemetry::parse(text).families) {
    const auto found = by_name.find(read.name);
    require(found != by_name.end(), "no family of its own");
    // Blanks before the text are not part of it, for any reader.
    std::string help = found->second->help;
    help.erase(0, std::min(help.find_first_not_of(" \t"), help.size()));
    if (!found->second->help.empty()) require(unescape(read.help) == help, "help comes back");
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  holdfast::fuzz::Bytes bytes(data, size);
  const bool wild = bytes.next() % 2 == 0;
  const std::vector<Family> families =
      wild ? holdfast::fuzz::any_families(bytes) : holdfast::fuzz::good_families(bytes);
  bool all_writable = true;
  for (const Family& family : families)
    all_writable = all_writable && writable(family);
  for (const Format format : {Format::Text004, Format::OpenMetrics100}) {
    std::string text;
    write_text(families, format, text);
    const auto finding = holdfast::test::check_exposition(text, format == Format::OpenMetrics100);
    if (finding) std::fprintf(stderr, "%s\n%s\n", finding->c_str(), text.c_str());
    require(!finding, "the exposition is valid");
    require(holdfast::supervisor::telemetry::parse(text).bad_lines == 0, "and can be read");
    if (wild || !all_writable) continue;
    check_round_trip(families, text, format);
    if (format == Format::Text004) check_help(families, text);
  }
  return 0;
}
