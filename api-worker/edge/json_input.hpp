// SPDX-License-Identifier: Apache-2.0
#pragma once

// The body of a request as one JSON object. Threads: pure functions.

#include "api-worker/edge/problem.hpp"
#include "common/http/message.hpp"

#include <nlohmann/json.hpp>

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::api {

constexpr std::size_t kMaxJsonDepth = 32;
constexpr std::size_t kMaxJsonValues = 64u << 10;  // several times what a document can use

// Lower-case "type/subtype" of Content-Type, without parameters; empty if there is none.
std::string media_type(const http::Request& request);
// The charset parameter, lower case; empty if there is none.
std::string charset(const http::Request& request);

// The whole number that `value` is, also if it is written as 1.0 or 1e0, as JSON Schema has it;
// nothing if it is none, or one that is beyond an int64 or not exact as a double.
std::optional<std::int64_t> whole_number(const nlohmann::json& value);

// A name from the input as a JSON pointer in a URI fragment (RFC 6901, 3 and 6): "#/my%20title".
std::string pointer_to(const std::string& name);

// 415 unless the body is to be application/json.
std::optional<ProblemDetails> check_json_type(const http::Request& head);

// A list that is a member of the body, and whose elements are judged one by one. The limits of JSON
// hold for each, and neither a name that one repeats nor a value that is none (json_unusable.hpp)
// is a matter of the others.
struct JsonParts {
  std::string member;
  // Each in turn; null takes its place in the list. With errors, the value need not be complete.
  std::function<void(nlohmann::json& part, std::vector<FieldError> errors)> take;
};

// 415 unless the body is application/json; 400 with line and column if it is not JSON, not UTF-8 or
// nested too deeply; 413 if it has too many values; 422 if it is not an object, if an
// object at any depth repeats a name, of which readers would disagree about the value, or if a
// whole number is beyond 64 bits and would be rounded.
tl::expected<nlohmann::json, ProblemDetails> parse_json_object(const http::Request& head,
                                                               std::string_view body);
// The same of a body in parts; what is no value is replaced in it.
tl::expected<nlohmann::json, ProblemDetails> parse_json_object(const http::Request& head,
                                                               std::string& body,
                                                               const JsonParts& parts);

}  // namespace holdfast::api
