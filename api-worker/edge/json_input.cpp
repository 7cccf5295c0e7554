// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/json_input.hpp"

#include "common/text/ascii.hpp"
#include "common/text/percent.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>
#include <cmath>
#include <set>

namespace holdfast::api {

namespace {

std::string position(std::string_view body, std::size_t offset) {
  const std::string_view before = body.substr(0, std::min(offset, body.size()));
  const auto line = std::count(before.begin(), before.end(), '\n') + 1;
  const std::size_t newline = before.rfind('\n');
  const std::size_t column =
      before.size() - (newline == std::string_view::npos ? 0 : newline + 1) + 1;
  return fmt::format("line {}, column {}", line, column);
}

// Refuses what the parser must not be given: nesting that exhausts the stack, or a body of commas
// that becomes a tree of twenty times its size. Looks outside strings only; the parser checks the
// rest.
std::optional<ProblemDetails> check_shape(std::string_view body) {
  std::size_t depth = 0;
  std::size_t values = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < body.size(); ++i) {
    const char c = body[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') {
      in_string = true;
    } else if (c == '}' || c == ']') {
      if (depth > 0) --depth;
    } else if (c == '{' || c == '[') {
      if (++depth > kMaxJsonDepth) {
        return ProblemDetails{400, fmt::format("The JSON is nested deeper than {} levels at {}.",
                                               kMaxJsonDepth, position(body, i))};
      }
      ++values;
    } else if (c == ',') {
      ++values;
    }
    if (values > kMaxJsonValues) {
      return ProblemDetails{413, fmt::format("The JSON has more than {} values.", kMaxJsonValues)};
    }
  }
  return {};
}

// "[json.exception.parse_error.101] parse error at line 1, column 3: syntax error while …" without
// the parts that we state ourselves.
std::string reason_of(const nlohmann::json::parse_error& error) {
  const std::string_view what = error.what();
  const std::size_t colon = what.find(": ");
  return std::string(colon == std::string_view::npos ? what : what.substr(colon + 2))
      .substr(0, 200);
}

// Watches a parse for objects that repeat a name.
class RepeatedNames {
 public:
  void see(nlohmann::json::parse_event_t event, const nlohmann::json& parsed) {
    using Event = nlohmann::json::parse_event_t;
    if (event == Event::object_start) objects_.emplace_back();
    if (event == Event::object_end) objects_.pop_back();
    if (event != Event::key) return;
    const auto& name = parsed.get_ref<const std::string&>();
    if (objects_.size() == 1) member_ = name;
    if (objects_.back().insert(name).second || found_) return;
    const bool is_member = objects_.size() == 1;
    found_ =
        FieldError{pointer_to(member_), "",
                   is_member ? "appears more than once"
                             : fmt::format("repeats the name '{}'", text::utf8_prefix(name, 64))};
  }
  const std::optional<FieldError>& found() const { return found_; }

 private:
  std::vector<std::set<std::string>> objects_;  // open ones, with their names so far
  std::string member_;                          // of the outermost, that is being read
  std::optional<FieldError> found_;             // the first
};

struct Parameter {
  std::string name;   // lower case
  std::string value;  // without quotes and escapes
};

// Takes a parameter of a media type off the front of `rest`, up to the semicolon behind it (RFC
// 9110, 5.6.6). A semicolon inside a quoted string is part of it.
Parameter take_parameter(std::string_view& rest) {
  std::string text;
  bool in_quotes = false;
  std::size_t at = 0;
  for (; at < rest.size() && (in_quotes || rest[at] != ';'); ++at) {
    if (rest[at] == '"') {
      in_quotes = !in_quotes;
      continue;
    }
    if (in_quotes && rest[at] == '\\' && at + 1 < rest.size()) ++at;
    text += rest[at];
  }
  rest.remove_prefix(at);
  const std::string_view trimmed = text::trim(text);
  const std::size_t equals = std::min(trimmed.find('='), trimmed.size());
  return {text::to_lower(trimmed.substr(0, equals)),
          std::string(trimmed.substr(std::min(equals + 1, trimmed.size())))};
}

}  // namespace

std::string media_type(const http::Request& request) {
  const std::string* value = request.headers.find("Content-Type");
  if (value == nullptr || request.headers.count("Content-Type") != 1) return {};
  return text::to_lower(text::trim(std::string_view(*value).substr(0, value->find(';'))));
}

std::string charset(const http::Request& request) {
  const std::string* value = request.headers.find("Content-Type");
  if (value == nullptr) return {};
  std::string_view rest = *value;
  rest.remove_prefix(std::min(rest.find(';'), rest.size()));
  while (!rest.empty()) {
    rest.remove_prefix(1);  // the semicolon
    const Parameter parameter = take_parameter(rest);
    if (parameter.name == "charset") return text::to_lower(parameter.value);
  }
  return {};
}

std::optional<std::int64_t> whole_number(const nlohmann::json& value) {
  constexpr double kExact = 9007199254740992;  // 2^53: up to here doubles have no gaps
  if (value.is_number_float()) {
    const auto number = value.get<double>();
    if (std::abs(number) > kExact || std::trunc(number) != number) return {};
    return static_cast<std::int64_t>(number);
  }
  const bool fits = value.is_number_unsigned() ? value.get<std::uint64_t>() <= INT64_MAX
                                               : value.is_number_integer();
  return fits ? std::optional(value.get<std::int64_t>()) : std::nullopt;
}

std::string pointer_to(const std::string& name) {
  std::string pointer = "#/";
  for (const char c : text::utf8_prefix(name, 64)) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      text::append_percent_encoded(pointer, std::string_view(&c, 1));
    }
  }
  return pointer;
}

std::optional<ProblemDetails> check_json_type(const http::Request& head) {
  if (media_type(head) == "application/json") return {};
  return ProblemDetails{415, "Send the body as Content-Type: application/json."};
}

tl::expected<nlohmann::json, ProblemDetails> parse_json_object(const http::Request& head,
                                                               std::string_view body) {
  if (auto problem = check_json_type(head)) return tl::unexpected(std::move(*problem));
  if (auto problem = check_shape(body)) return tl::unexpected(std::move(*problem));
  RepeatedNames repeated;
  const auto watch = [&](int, nlohmann::json::parse_event_t event, nlohmann::json& parsed) {
    repeated.see(event, parsed);
    return true;
  };
  try {
    nlohmann::json parsed = nlohmann::json::parse(body, watch);
    if (!parsed.is_object()) {
      return tl::unexpected(
          ProblemDetails{422, "The body is not a JSON object.", {{"#", "", "must be an object"}}});
    }
    if (const auto& found = repeated.found()) {
      return tl::unexpected(ProblemDetails{422, "The body repeats a name.", {*found}});
    }
    return parsed;
  } catch (const nlohmann::json::parse_error& error) {
    // `byte` counts from 1 and points past the last byte read.
    const std::size_t at = error.byte > 0 ? error.byte - 1 : 0;
    return tl::unexpected(ProblemDetails{400, fmt::format("The body is not valid JSON at {}: {}",
                                                          position(body, at), reason_of(error))});
  } catch (const nlohmann::json::exception& error) {  // a number beyond what a double holds
    return tl::unexpected(
        ProblemDetails{400, fmt::format("The body is JSON that cannot be used: {}",
                                        std::string(error.what()).substr(0, 200))});
  }
}

}  // namespace holdfast::api
