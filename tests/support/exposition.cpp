// SPDX-License-Identifier: Apache-2.0
#include "tests/support/exposition.hpp"

#include <cctype>
#include <cmath>
#include <cstdlib>
#include <limits>
#include <set>
#include <utility>
#include <vector>

namespace holdfast::test {
namespace {

using Labels = std::map<std::string, std::string>;

constexpr double kInfinity = std::numeric_limits<double>::infinity();

bool is_name(std::string_view text, bool colons) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return false;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) == 0 && c != '_' && !(colons && c == ':')) {
      return false;
    }
  }
  return true;
}

// Decodes each code point and looks whether that was its shortest form.
bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >> 5 == 6 ? 2 : lead >> 4 == 14 ? 3 : 4;
    if (lead == 0 || i + length > text.size() || (length == 4 && lead >> 3 != 30)) return false;
    unsigned long point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if (next >> 6 != 2) return false;
      point = point << 6 | (next & 63U);
    }
    constexpr unsigned long kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
    if (point < kLeast[length] || point > 0x10FFFF || point >> 11 == 27) return false;
    i += length;
  }
  return true;
}

// Reads `"…"` from the front of `rest`.
std::optional<std::string> take_quoted(std::string_view& rest) {
  if (!rest.starts_with('"')) return std::nullopt;
  std::string value;
  for (std::size_t i = 1; i < rest.size(); ++i) {
    if (rest[i] == '"') {
      rest.remove_prefix(i + 1);
      return value;
    }
    if (rest[i] != '\\') {
      value += rest[i];
      continue;
    }
    if (++i == rest.size()) break;
    if (rest[i] != 'n' && rest[i] != '\\' && rest[i] != '"') return std::nullopt;
    value += rest[i] == 'n' ? '\n' : rest[i];
  }
  return std::nullopt;
}

// Reads `{…}` from the front of `rest`, which may have none.
std::optional<Labels> take_labels(std::string_view& rest) {
  Labels labels;
  if (!rest.starts_with('{')) return labels;
  do {
    rest.remove_prefix(1);
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return std::nullopt;
    const std::string name(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    const auto value = take_quoted(rest);
    if (!value || !is_name(name, false) || name.starts_with("__")) return std::nullopt;
    if (!labels.emplace(name, *value).second) return std::nullopt;
  } while (rest.starts_with(','));
  if (!rest.starts_with('}')) return std::nullopt;
  rest.remove_prefix(1);
  return labels;
}

std::vector<std::string> suffixes(const std::string& type, bool open_metrics) {
  if (type == "counter" && open_metrics) return {"_total"};
  if (type == "histogram") return {"_bucket", "_sum", "_count"};
  if (type == "summary") return {"", "_sum", "_count"};
  return {""};
}

// The names that OpenMetrics keeps for a family, whether they are used or not.
std::vector<std::string> kept_names(const std::string& family, const std::string& type) {
  std::vector<std::string> names{family};
  if (type == "counter" || type == "histogram" || type == "summary") {
    names.push_back(family + "_created");
  }
  for (const std::string& suffix : suffixes(type, true))
    names.push_back(family + suffix);
  return names;
}

bool is_canonical_float(const std::string& text) {
  return text == "+Inf" || text.find_first_of(".e") != std::string::npos;
}

// The lines of one histogram series, as far as they were seen.
struct Buckets {
  double bound = -kInfinity;
  double count = 0;
  bool any = false;
  bool negative = false;
  bool counted = false;
  bool summed = false;
};

class Checker {
 public:
  explicit Checker(bool open_metrics) : open_metrics_(open_metrics) {}

  std::optional<std::string> run(std::string_view text) {
    if (!text.ends_with("# EOF\n")) return "no end marker";
    text.remove_suffix(6);
    while (!text.empty()) {
      const std::size_t end = text.find('\n');
      if (end == std::string_view::npos) return "a last line without an end";
      const std::string line(text.substr(0, end));
      text.remove_prefix(end + 1);
      const char* wrong = line.starts_with('#') ? header(line) : sample(line);
      if (wrong != nullptr) return std::string(wrong) + ": " + line;
    }
    if (const char* wrong = end_family()) return std::string(wrong) + ": " + family_;
    return std::nullopt;
  }

 private:
  const char* header(const std::string& line) {
    if (!is_utf8(line)) return "not UTF-8";
    if (line.starts_with("# HELP ")) {
      if (const char* wrong = end_family()) return wrong;
      family_ = line.substr(7, line.find(' ', 7) - 7);
      type_.clear();
      if (!is_name(family_, true)) return "bad name";
      return families_.insert(family_).second ? nullptr : "HELP twice";
    }
    const std::string head = "# TYPE " + family_ + " ";
    if (!line.starts_with(head)) return "neither HELP nor its TYPE";
    if (!type_.empty()) return "TYPE twice";
    type_ = line.substr(head.size());
    if (!std::set<std::string>{"counter", "gauge", "histogram", "summary",
                               open_metrics_ ? "unknown" : "untyped"}
             .contains(type_)) {
      return "no such type";
    }
    if (!open_metrics_) return nullptr;
    std::set<std::string> names;
    for (const std::string& name : kept_names(family_, type_))
      names.insert(name);
    for (const std::string& name : names) {
      if (!kept_.insert(name).second) return "a name that may clash";
    }
    return nullptr;
  }

  const char* sample(const std::string& text) {
    if (!is_utf8(text)) return "not UTF-8";
    auto line = read_exposition_line(text);
    if (!line) return "not a sample";
    if (type_.empty()) return "without a TYPE";
    bool member = false;
    for (const std::string& suffix : suffixes(type_, open_metrics_))
      member = member || line->name == family_ + suffix;
    if (!member) return "outside of its family";
    if (!series_.insert({line->name, line->labels}).second) return "twice";
    if (type_ == "counter" && !(line->value >= 0)) return "bad counter";
    if (type_ == "histogram") return histogram(*line);
    if (type_ != "summary") return nullptr;
    if (line->name != family_) return open_metrics_ && !(line->value >= 0) ? "bad sum" : nullptr;
    const auto quantile = line->labels.find("quantile");
    if (quantile == line->labels.end()) return "no quantile";
    const double at = std::strtod(quantile->second.c_str(), nullptr);
    if (!(at >= 0 && at <= 1)) return "not a quantile";
    if (open_metrics_ && line->value < 0) return "a quantile below 0";
    return open_metrics_ && !is_canonical_float(quantile->second) ? "quantile's spelling" : nullptr;
  }

  const char* histogram(ExpositionLine& line) {
    std::string le;
    if (const auto found = line.labels.find("le"); found != line.labels.end()) {
      le = found->second;
      line.labels.erase(found);
    }
    Buckets& buckets = buckets_[line.labels];
    if (line.name == family_ + "_sum") {
      if (!le.empty()) return "le on a sum";
      buckets.summed = true;
      if (!open_metrics_) return nullptr;
      return buckets.negative || !(line.value >= 0) ? "a sum that is no counter" : nullptr;
    }
    if (line.value < 0 || (open_metrics_ && line.value != std::floor(line.value)))
      return "not a count";
    if (line.name == family_ + "_count") {
      if (!le.empty()) return "le on a count";
      if (buckets.bound != kInfinity || buckets.count != line.value) return "+Inf is not the count";
      buckets.counted = true;
      return nullptr;
    }
    char* end = nullptr;
    const double bound = std::strtod(le.c_str(), &end);
    if (le.empty() || *end != '\0') return "bad le";
    if (open_metrics_ && !is_canonical_float(le)) return "le's spelling";
    if (buckets.any && !(bound > buckets.bound)) return "le not ascending";
    if (line.value < buckets.count) return "buckets fall";
    if (buckets.counted || buckets.summed) return "a bucket behind the sum or count";
    buckets = {bound, line.value, true, buckets.negative || bound < 0, false, false};
    return nullptr;
  }

  const char* end_family() {
    for (const auto& [labels, buckets] : std::exchange(buckets_, {})) {
      if (buckets.bound != kInfinity) return "a histogram without +Inf";
      if (open_metrics_ ? buckets.counted != buckets.summed : !buckets.counted) {
        return "a histogram without its count or its sum";
      }
    }
    return !family_.empty() && type_.empty() ? "no TYPE" : nullptr;
  }

  const bool open_metrics_;
  std::string family_;
  std::string type_;
  std::set<std::string> families_;
  std::set<std::string> kept_;
  std::set<std::pair<std::string, Labels>> series_;
  std::map<Labels, Buckets> buckets_;  // of the family at hand
};

}  // namespace

std::optional<ExpositionLine> read_exposition_line(std::string_view text) {
  ExpositionLine line;
  line.name = text.substr(0, text.find_first_of("{ "));
  text.remove_prefix(line.name.size());
  if (!is_name(line.name, true)) return std::nullopt;
  auto labels = take_labels(text);
  if (!labels || !text.starts_with(' ')) return std::nullopt;
  line.labels = std::move(*labels);
  const std::string number(text.substr(1));
  char* end = nullptr;
  line.value = std::strtod(number.c_str(), &end);
  if (number.empty() || number[0] == ' ' || *end != '\0') return std::nullopt;
  return line;
}

std::optional<std::string> check_exposition(std::string_view text, bool open_metrics) {
  return Checker(open_metrics).run(text);
}

}  // namespace holdfast::test
