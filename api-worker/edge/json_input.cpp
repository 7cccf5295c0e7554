// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/json_input.hpp"

#include "api-worker/edge/json_builder.hpp"
#include "common/text/ascii.hpp"
#include "common/text/percent.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast::api {

namespace {

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

tl::expected<nlohmann::json, ProblemDetails> as_object(
    tl::expected<nlohmann::json, ProblemDetails> parsed) {
  if (parsed && !parsed->is_object()) {
    return tl::unexpected(
        ProblemDetails{422, "The body is not a JSON object.", {{"#", "", "must be an object"}}});
  }
  return parsed;
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
  return as_object(JsonBuilder(body, nullptr, {}).build());
}

tl::expected<nlohmann::json, ProblemDetails> parse_json_object(const http::Request& head,
                                                               std::string& body,
                                                               const JsonParts& parts) {
  if (auto problem = check_json_type(head)) return tl::unexpected(std::move(*problem));
  auto unusable = replace_unusable(body);
  return as_object(JsonBuilder(body, &parts, std::move(unusable)).build());
}

}  // namespace holdfast::api
