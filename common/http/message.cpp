// SPDX-License-Identifier: Apache-2.0
#include "common/http/message.hpp"

#include "common/http/syntax.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::http {
namespace {

// A usual request carries fewer lines than this; one allocation instead of five.
constexpr std::size_t kUsualFields = 12;

Response make_response(int status, std::string body, std::string_view content_type) {
  Response response;
  response.status = status;
  response.body = std::move(body);
  response.headers.set("Content-Type", content_type);
  return response;
}

}  // namespace

bool Headers::add(std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) return false;
  if (fields_.capacity() == 0) fields_.reserve(kUsualFields);
  fields_.push_back({std::string(name), std::string(value)});
  return true;
}

bool Headers::set(std::string_view name, std::string_view value) {
  if (!is_token(name) || !is_field_value(value)) return false;
  const auto first = std::find_if(fields_.begin(), fields_.end(), [&](const Field& field) {
    return text::equals_ignoring_case(field.name, name);
  });
  if (first == fields_.end()) return add(name, value);
  // A copy first: `value` may be a view into a line that goes away below.
  std::string kept(value);
  fields_.erase(
      std::remove_if(first + 1, fields_.end(),
                     [&](const Field& field) { return text::equals_ignoring_case(field.name, name); }),
      fields_.end());
  first->value = std::move(kept);
  return true;
}

void Headers::remove(std::string_view name) {
  fields_.erase(
      std::remove_if(fields_.begin(), fields_.end(),
                     [&](const Field& field) { return text::equals_ignoring_case(field.name, name); }),
      fields_.end());
}

const std::string* Headers::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (text::equals_ignoring_case(field.name, name)) return &field.value;
  }
  return nullptr;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(
      std::count_if(fields_.begin(), fields_.end(),
                    [&](const Field& field) { return text::equals_ignoring_case(field.name, name); }));
}

SharedFields::SharedFields(const Headers& headers) {
  for (const auto& [name, value] : headers.fields())
    lines_.append(name).append(": ").append(value).append("\r\n");
}

const std::string* Request::query_value(std::string_view name) const {
  for (const auto& [key, value] : query) {
    if (key == name) return &value;
  }
  return nullptr;
}

Response Response::json(int status, std::string body) {
  return make_response(status, std::move(body), "application/json");
}

Response Response::text(int status, std::string body, std::string_view content_type) {
  return make_response(status, std::move(body), content_type);
}

}  // namespace holdfast::http
