// SPDX-License-Identifier: Apache-2.0
#include "supervisor/telemetry/parser.hpp"

#include "common/metrics/text.hpp"
#include "common/text/ascii.hpp"
#include "supervisor/telemetry/number.hpp"

#include <array>
#include <cstring>
#include <optional>
#include <unordered_map>
#include <utility>

namespace holdfast::supervisor::telemetry {
namespace {

constexpr std::array<std::pair<std::string_view, ParsedType>, 9> kTypes{{
    {"untyped", ParsedType::Unknown},
    {"unknown", ParsedType::Unknown},
    {"counter", ParsedType::Counter},
    {"gauge", ParsedType::Gauge},
    {"histogram", ParsedType::Histogram},
    {"summary", ParsedType::Summary},
    {"info", ParsedType::Info},
    {"stateset", ParsedType::StateSet},
    {"gaugehistogram", ParsedType::GaugeHistogram},
}};

bool name_character(char c) {
  return text::is_alphanumeric(c) || c == '_' || c == ':';
}

class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  Exposition run() {
    const char* line = text_.data();
    const char* const end = line + text_.size();
    while (line < end) {
      const void* feed = std::memchr(line, '\n', static_cast<std::size_t>(end - line));
      const char* next = feed == nullptr ? end : static_cast<const char*>(feed) + 1;
      take_line(line, next, feed != nullptr);
      line = next;
    }
    return std::move(out_);
  }

 private:
  void take_line(const char* line, const char* next, bool complete) {
    at_ = line;
    end_ = complete ? next - 1 : next;
    skip_blanks();
    bool sample = false;
    bool good = complete;
    if (complete && at_ < end_) {
      if (*at_ == '#') {
        good = take_comment();
      } else {
        sample = good = take_sample(next);
      }
    }
    ++out_.line_count;
    if (!good) ++out_.bad_lines;
    const auto head = static_cast<std::uint32_t>((sample ? value_at_ : next) - line);
    if (!sample && !out_.lines.empty() && !out_.lines.back().sample) {
      out_.lines.back().head += head;
    } else {
      out_.lines.push_back({static_cast<std::uint32_t>(line - text_.data()), head, sample});
    }
  }

  bool take_comment() {
    ++at_;
    skip_blanks();
    const std::string_view keyword = word();
    if (keyword != "TYPE" && keyword != "HELP") return true;
    skip_blanks();
    const bool quoted = at_ < end_ && *at_ == '"';
    const std::string_view name = quoted ? take_quoted() : word();
    if (!metrics::valid_metric_name(name)) return quoted;  // see take_sample()
    skip_blanks();
    const std::string_view rest(at_, static_cast<std::size_t>(end_ - at_));
    if (keyword == "HELP") {
      ParsedFamily& declared = family(name);
      if (declared.help.empty()) declared.help = rest;
      return true;
    }
    for (const auto& [text, type] : kTypes) {
      if (text != rest) continue;
      ParsedFamily& declared = family(name);
      if (!declared.typed) declared.type = type;
      declared.typed = true;
      return true;
    }
    return false;
  }

  // In Prometheus 3 a name in quotes may be any text: {"a name", label="value"} 1. It is taken as
  // written; what cannot use it leaves out the sample, and nothing else.
  bool take_sample(const char* next) {
    const char* begin = at_;
    while (at_ < end_ && name_character(*at_))
      ++at_;
    const std::string_view name(begin, static_cast<std::size_t>(at_ - begin));
    if (!name.empty() && !metrics::valid_metric_name(name)) return false;
    ParsedSample sample{name, static_cast<std::uint32_t>(out_.labels.size()), 0};
    const char* after_name = at_;
    skip_blanks();
    const bool labelled = at_ < end_ && *at_ == '{';
    if (name.empty() && !labelled) return false;
    if (labelled && !take_labels(name.empty() ? &sample.name : nullptr)) {
      out_.labels.resize(sample.first_label);
      return false;
    }
    if (labelled) {
      skip_blanks();
    } else if (at_ == after_name) {
      return false;
    }
    value_at_ = at_;
    const std::optional<double> value = parse_value(at_, next);
    if (!value) {
      out_.labels.resize(sample.first_label);
      return false;
    }
    sample.label_count = static_cast<std::uint32_t>(out_.labels.size()) - sample.first_label;
    out_.samples.push_back(sample);
    out_.values.push_back(*value);
    return true;
  }

  // `metric`: where the metric's name goes, if it has to be the first in the braces; else null.
  bool take_labels(std::string_view* metric) {
    ++at_;
    for (;;) {
      skip_blanks();
      if (at_ < end_ && *at_ == '}') {
        ++at_;
        return metric == nullptr;
      }
      const bool quoted = at_ < end_ && *at_ == '"';
      const std::string_view name = quoted ? take_quoted() : plain_name();
      skip_blanks();
      if (metric != nullptr) {
        if (!quoted || name.empty()) return false;
        *std::exchange(metric, nullptr) = name;
      } else {
        if (name.empty() || !take('=')) return false;
        skip_blanks();
        if (at_ == end_ || *at_ != '"') return false;
        const std::string_view value = take_quoted();
        if (value.data() == nullptr) return false;
        out_.labels.push_back({name, value});
      }
      skip_blanks();
      if (!take(',') && (at_ == end_ || *at_ != '}')) return false;
    }
  }

  std::string_view plain_name() {
    const char* begin = at_;
    while (at_ < end_ && name_character(*at_))
      ++at_;
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }

  // What is between the quotes, as written; without data if there is no closing one.
  std::string_view take_quoted() {
    const char* begin = ++at_;
    while (at_ < end_ && *at_ != '"')
      at_ += *at_ == '\\' && at_ + 1 < end_ ? 2 : 1;
    const std::string_view text(begin, static_cast<std::size_t>(at_ - begin));
    return take('"') ? text : std::string_view();
  }

  ParsedFamily& family(std::string_view name) {
    const auto [entry, added] = known_.emplace(name, out_.families.size());
    if (added) out_.families.push_back({name, {}, ParsedType::Unknown, false});
    return out_.families[entry->second];
  }

  void skip_blanks() {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\t'))
      ++at_;
  }
  bool take(char c) {
    if (at_ == end_ || *at_ != c) return false;
    ++at_;
    return true;
  }
  std::string_view word() {
    const char* begin = at_;
    while (at_ < end_ && *at_ != ' ' && *at_ != '\t')
      ++at_;
    return {begin, static_cast<std::size_t>(at_ - begin)};
  }

  std::string_view text_;
  const char* at_ = nullptr;
  const char* end_ = nullptr;
  const char* value_at_ = nullptr;
  std::unordered_map<std::string_view, std::size_t> known_;
  Exposition out_;
};

}  // namespace

Exposition parse(std::string_view text) {
  return Parser(text).run();
}

std::string unescape(std::string_view raw) {
  std::string out;
  out.reserve(raw.size());
  for (std::size_t i = 0; i < raw.size(); ++i) {
    const char next = raw[i] == '\\' && i + 1 < raw.size() ? raw[i + 1] : '\0';
    if (next == 'n' || next == '\\' || next == '"') {
      out += next == 'n' ? '\n' : next;
      ++i;
    } else {
      out += raw[i];
    }
  }
  return out;
}

bool reread(const std::vector<ParsedLine>& lines, std::string_view before, std::string_view now,
            std::vector<double>& values) {
  values.clear();
  const char* at = now.data();
  const char* const end = at + now.size();
  for (const ParsedLine& line : lines) {
    if (static_cast<std::size_t>(end - at) < line.head ||
        std::memcmp(at, before.data() + line.offset, line.head) != 0) {
      return false;
    }
    at += line.head;
    if (!line.sample) continue;
    const std::optional<double> value = parse_value(at, end);
    if (!value) return false;
    values.push_back(*value);
  }
  return at == end;
}

}  // namespace holdfast::supervisor::telemetry
