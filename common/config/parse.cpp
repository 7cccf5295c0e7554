// SPDX-License-Identifier: Apache-2.0
#include "common/config/parse.hpp"

#include "common/text/ascii.hpp"

#include <fmt/format.h>
#include <toml++/toml.h>

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace holdfast::config {

namespace {

Position position_of(const toml::source_region& region, int file) {
  return {static_cast<int>(region.begin.line), static_cast<int>(region.begin.column), file};
}

Value convert(const toml::node& node, int file);

Table convert_table(const toml::table& table, int file) {
  Table out;
  out.reserve(table.size());
  for (const auto& [key, node] : table) {
    out.push_back({std::string(key.str()), position_of(key.source(), file), convert(node, file)});
  }
  // The library sorts by name; the order of programs is that of the file.
  std::stable_sort(out.begin(), out.end(),
                   [](const Member& a, const Member& b) { return a.at < b.at; });
  return out;
}

Array convert_array(const toml::array& array, int file) {
  Array out;
  out.reserve(array.size());
  for (const toml::node& node : array)
    out.push_back(convert(node, file));
  return out;
}

Value convert(const toml::node& node, int file) {
  const Position at = position_of(node.source(), file);
  switch (node.type()) {
    case toml::node_type::string: return {node.ref<std::string>(), at};
    case toml::node_type::integer: return {node.ref<std::int64_t>(), at};
    case toml::node_type::floating_point: return {node.ref<double>(), at};
    case toml::node_type::boolean: return {node.ref<bool>(), at};
    case toml::node_type::array: return {convert_array(*node.as_array(), file), at};
    case toml::node_type::table: return {convert_table(*node.as_table(), file), at};
    default: return {Foreign{"a date or time"}, at};
  }
}

// The library bounds how deep values are nested, but not how many parts a key has, and takes a tree
// apart by recursion. So the parts are counted before: those of a table's name, of a key, and of
// the keys of the inline tables around it.
class DepthCheck {
 public:
  explicit DepthCheck(std::string_view text) : text_(text) {}

  // Where a key goes too deep; nothing if none does.
  std::optional<std::size_t> find() {
    while (at_ < text_.size()) {
      const char c = text_[at_];
      if (c == '#') {
        at_ = std::min(text_.find('\n', at_), text_.size());
      } else if (c == '"' || c == '\'') {
        skip_string(c);
        line_is_blank_ = false;
      } else {
        take(c);
        if (depth_ > kMostLevels) return at_;
        ++at_;
      }
    }
    return std::nullopt;
  }

  static constexpr int kMostLevels = 256;

 private:
  void take(char c) {
    const bool first = std::exchange(line_is_blank_, line_is_blank_ && (c == ' ' || c == '\t'));
    if (c == '\n') {
      if (std::exchange(in_header_, false)) header_ = depth_;
      if (outer_.empty()) {
        depth_ = header_;
        line_is_blank_ = true;
      }
    } else if (c == '.') {
      ++depth_;
    } else if (in_header_) {
      return;
    } else if (c == '[' && first && outer_.empty()) {
      in_header_ = true;
      depth_ = 0;
    } else if (c == '[' || c == '{') {
      outer_.push_back(depth_);
    } else if ((c == ']' || c == '}') && !outer_.empty()) {
      depth_ = outer_.back();
      outer_.pop_back();
    } else if (c == ',' && !outer_.empty()) {
      depth_ = outer_.back();
    }
  }

  void skip_string(char quote) {
    const std::string three(3, quote);
    const bool long_form = text_.substr(at_, 3) == three;
    at_ += long_form ? 3 : 1;
    while (at_ < text_.size()) {
      if (long_form ? text_.substr(at_, 3) == three : text_[at_] == quote) {
        at_ += long_form ? 3 : 1;
        return;
      }
      if (!long_form && text_[at_] == '\n') return;  // the parser will refuse it
      at_ += quote == '"' && text_[at_] == '\\' ? 2 : 1;
    }
  }

  std::string_view text_;
  std::size_t at_ = 0;
  int header_ = 0;
  int depth_ = 0;
  std::vector<int> outer_;  // the depths around each open bracket
  bool in_header_ = false;
  bool line_is_blank_ = true;
};

Position position_at(std::string_view text, std::size_t offset, int file) {
  const std::string_view before = text.substr(0, offset);
  const std::size_t line_start = before.rfind('\n') + 1;  // 0 if there is none
  return {static_cast<int>(std::count(before.begin(), before.end(), '\n')) + 1,
          static_cast<int>(offset - line_start) + 1, file};
}

// What the library has no word for: on the line, a value that is a text without its quotes, a
// duration or a size. Empty: it is something else.
std::string hint_for_line(std::string_view text, std::size_t number) {
  for (; number > 1 && !text.empty(); --number) {
    const auto end = text.find('\n');
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  const std::string_view line = text.substr(0, text.find('\n'));
  const auto equals = line.find('=');
  if (equals == std::string_view::npos) return {};
  const std::string_view key = text::trim(line.substr(0, equals), " \t");
  const std::string_view value = text::trim(line.substr(equals + 1), " \t\r");
  const bool bare_key = !key.empty() && text::all_of(key, [](char c) {
    return text::is_alphanumeric(c) || c == '_' || c == '-';
  });
  const bool bare_value =
      !value.empty() && (text::is_alphanumeric(value.front()) ||
                         std::string_view("/.$~*{").find(value.front()) != std::string_view::npos);
  if (!bare_key || !bare_value || value.find_first_of("\"'={") != std::string_view::npos) return {};
  return fmt::format("; a text, a duration or a size stands in quotes: {} = \"…\"", key);
}

}  // namespace

tl::expected<Table, SyntaxError> parse_toml(std::string_view text, int file) {
  if (const auto deep = DepthCheck(text).find()) {
    return tl::unexpected(
        SyntaxError{position_at(text, *deep, file),
                    fmt::format("a key has more than {} parts", DepthCheck::kMostLevels)});
  }
  try {
    return convert_table(toml::parse(text), file);
  } catch (const toml::parse_error& error) {
    return tl::unexpected(SyntaxError{
        position_of(error.source(), file),
        fmt::format("{}{}", error.description(), hint_for_line(text, error.source().begin.line))});
  }
}

}  // namespace holdfast::config
