// SPDX-License-Identifier: Apache-2.0
#include "common/http/message.hpp"

#include "common/http/syntax.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::http {
namespace {

// Most requests have fewer fields than this: one allocation instead of five.
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
  // Copied first: `value` may be a view into a field that is erased below.
  std::string kept(value);
  fields_.erase(std::remove_if(first + 1, fields_.end(),
                               [&](const Field& field) {
                                 return text::equals_ignoring_case(field.name, name);
                               }),
                fields_.end());
  first->value = std::move(kept);
  return true;
}

void Headers::remove(std::string_view name) {
  fields_.erase(std::remove_if(fields_.begin(), fields_.end(),
                               [&](const Field& field) {
                                 return text::equals_ignoring_case(field.name, name);
                               }),
                fields_.end());
}

const std::string* Headers::find(std::string_view name) const {
  for (const Field& field : fields_) {
    if (text::equals_ignoring_case(field.name, name)) return &field.value;
  }
  return nullptr;
}

std::size_t Headers::count(std::string_view name) const {
  return static_cast<std::size_t>(std::count_if(
      fields_.begin(), fields_.end(),
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

std::vector<std::string> Request::query_values(std::string_view name) const {
  std::vector<std::string> values;
  for (const auto& [key, value] : query) {
    if (key == name) values.push_back(value);
  }
  return values;
}

Response Response::json(int status, std::string body) {
  return make_response(status, std::move(body), "application/json");
}

Response Response::text(int status, std::string body, std::string_view content_type) {
  return make_response(status, std::move(body), content_type);
}

// The registry of RFC 9110, section 15, and RFC 6585.
std::string_view reason_phrase(int status) {
  switch (status) {
    case 100: return "Continue";
    case 101: return "Switching Protocols";
    case 200: return "OK";
    case 201: return "Created";
    case 202: return "Accepted";
    case 203: return "Non-Authoritative Information";
    case 204: return "No Content";
    case 205: return "Reset Content";
    case 206: return "Partial Content";
    case 207: return "Multi-Status";
    case 300: return "Multiple Choices";
    case 301: return "Moved Permanently";
    case 302: return "Found";
    case 303: return "See Other";
    case 304: return "Not Modified";
    case 307: return "Temporary Redirect";
    case 308: return "Permanent Redirect";
    case 400: return "Bad Request";
    case 401: return "Unauthorized";
    case 402: return "Payment Required";
    case 403: return "Forbidden";
    case 404: return "Not Found";
    case 405: return "Method Not Allowed";
    case 406: return "Not Acceptable";
    case 407: return "Proxy Authentication Required";
    case 408: return "Request Timeout";
    case 409: return "Conflict";
    case 410: return "Gone";
    case 411: return "Length Required";
    case 412: return "Precondition Failed";
    case 413: return "Content Too Large";
    case 414: return "URI Too Long";
    case 415: return "Unsupported Media Type";
    case 416: return "Range Not Satisfiable";
    case 417: return "Expectation Failed";
    case 421: return "Misdirected Request";
    case 422: return "Unprocessable Content";
    case 424: return "Failed Dependency";
    case 425: return "Too Early";
    case 426: return "Upgrade Required";
    case 428: return "Precondition Required";
    case 429: return "Too Many Requests";
    case 431: return "Request Header Fields Too Large";
    case 451: return "Unavailable For Legal Reasons";
    case 500: return "Internal Server Error";
    case 501: return "Not Implemented";
    case 502: return "Bad Gateway";
    case 503: return "Service Unavailable";
    case 504: return "Gateway Timeout";
    case 505: return "HTTP Version Not Supported";
    case 507: return "Insufficient Storage";
    case 511: return "Network Authentication Required";
    default: return "Unknown";
  }
}

}  // namespace holdfast::http
