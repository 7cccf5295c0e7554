// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/json_unusable.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <system_error>

namespace holdfast::api {

namespace {

constexpr std::size_t kEscape = 6;        // "\ud800"
constexpr std::size_t kMostDigits = 308;  // that a double has room for, whichever they are
constexpr std::string_view kUsableEscape = "\\ufffd";

// Takes the digits off the front of `rest`; whether there were any.
bool take_digits(std::string_view& rest) {
  const std::size_t end = std::min(rest.find_first_not_of("0123456789"), rest.size());
  rest.remove_prefix(end);
  return end > 0;
}

// RFC 8259, 6.
bool is_json_number(std::string_view text) {
  if (text.starts_with('-')) text.remove_prefix(1);
  if (text.starts_with('0')) {
    text.remove_prefix(1);
  } else if (!take_digits(text)) {
    return false;
  }
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    if (!take_digits(text)) return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!take_digits(text)) return false;
  }
  return text.empty();
}

// Of an escape at the front of `text` that is one of UTF-16.
std::optional<unsigned> code_unit(std::string_view text) {
  if (text.size() < kEscape || !text.starts_with("\\u")) return std::nullopt;
  unsigned unit = 0;
  const char* const end = text.data() + kEscape;
  const auto [last, error] = std::from_chars(text.data() + 2, end, unit, 16);
  if (error != std::errc() || last != end) return std::nullopt;
  return unit;
}

bool is_first_half(unsigned unit) {
  return unit >= 0xD800 && unit < 0xDC00;
}

bool is_second_half(unsigned unit) {
  return unit >= 0xDC00 && unit < 0xE000;
}

class Replacer {
 public:
  explicit Replacer(std::string& json) : json_(json) {}

  std::vector<UnusableJson> run() {
    bool in_string = false;
    for (std::size_t at = 0; at < json_.size();) {
      const char c = json_[at];
      if (c == '"') in_string = !in_string;
      if (in_string && c == '\\') {
        at = pass_escape(at);
      } else if (!in_string && (c == '-' || (c >= '0' && c <= '9'))) {
        at = pass_number(at);
      } else {
        ++at;
      }
    }
    return std::move(found_);
  }

 private:
  std::size_t pass_number(std::size_t at) {
    const std::string_view all = json_;
    const std::size_t end = std::min(all.find_first_not_of("+-.0123456789eE", at), all.size());
    const std::string_view number = all.substr(at, end - at);
    const bool may_be_beyond =
        number.size() > kMostDigits || number.find_first_of("eE") != std::string_view::npos;
    if (may_be_beyond && is_json_number(number) &&
        std::isinf(std::strtod(json_.c_str() + at, nullptr))) {
      json_.replace(at, end - at, "0" + std::string(end - at - 1, ' '));
      found_.push_back({at, "is a number beyond what a double holds: send it as a string"});
    }
    return end;
  }

  std::size_t pass_escape(std::size_t at) {
    const std::string_view text = std::string_view(json_).substr(at);
    const auto unit = code_unit(text);
    if (!unit) return at + 2;
    if (is_first_half(*unit)) {
      const auto next = code_unit(text.substr(kEscape));
      if (next && is_second_half(*next)) return at + 2 * kEscape;
    }
    if (is_first_half(*unit) || is_second_half(*unit)) {
      json_.replace(at, kEscape, kUsableEscape);
      found_.push_back({at, "has half a surrogate pair, which is no character"});
    }
    return at + kEscape;
  }

  std::string& json_;
  std::vector<UnusableJson> found_;
};

}  // namespace

std::vector<UnusableJson> replace_unusable(std::string& json) {
  return Replacer(json).run();
}

}  // namespace holdfast::api
