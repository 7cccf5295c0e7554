// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/openapi/contract.hpp"

#include "api-worker/handlers/openapi.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <tuple>

namespace holdfast::openapi {

namespace {

using nlohmann::json;

std::string upper(std::string text) {
  for (char& c : text)
    c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  return text;
}

// Those of the connection, and of docs/api.md, "What every response carries".
bool is_on_every_response(std::string_view name) {
  static constexpr std::array<std::string_view, 21> kNames{"Date",
                                                           "Content-Length",
                                                           "Content-Type",
                                                           "Connection",
                                                           "Cache-Control",
                                                           "X-Request-ID",
                                                           "Vary",
                                                           "Content-Encoding",
                                                           "Allow",
                                                           "Content-Security-Policy",
                                                           "Cross-Origin-Opener-Policy",
                                                           "Cross-Origin-Resource-Policy",
                                                           "Origin-Agent-Cluster",
                                                           "Referrer-Policy",
                                                           "Strict-Transport-Security",
                                                           "X-Content-Type-Options",
                                                           "X-DNS-Prefetch-Control",
                                                           "X-Download-Options",
                                                           "X-Frame-Options",
                                                           "X-Permitted-Cross-Domain-Policies",
                                                           "X-XSS-Protection"};
  return std::any_of(kNames.begin(), kNames.end(), [name](std::string_view known) {
    return text::equals_ignoring_case(known, name);
  });
}

bool names_parameter(const std::string& target, const std::string& name) {
  return target.find("?" + name + "=") != std::string::npos ||
         target.find("&" + name + "=") != std::string::npos;
}

}  // namespace

Contract::Contract() : document_(json::parse(api::openapi_document())), schemas_(document_) {}

const json& Contract::operation(const std::string& method, const std::string& path) const {
  const json& paths = document_["paths"];
  if (!paths.contains(path)) throw std::runtime_error("not described: " + path);
  const std::string key = text::to_lower(method == "HEAD" ? "GET" : method);
  if (!paths[path].contains(key)) throw std::runtime_error("not described: " + method + " " + path);
  return paths[path][key];
}

std::set<std::string> Contract::operations() const {
  std::set<std::string> all;
  for (const auto& [path, item] : document_["paths"].items()) {
    for (const auto& [method, ignored] : item.items()) {
      if (method != "parameters") all.insert(upper(method) + " " + path);
    }
  }
  return all;
}

std::vector<std::string> Contract::parameters(const std::string& method,
                                              const std::string& path) const {
  std::vector<std::string> names;
  for (const json& parameter : operation(method, path).value("parameters", json::array())) {
    names.push_back(schemas_.resolve(parameter)["name"]);
  }
  return names;
}

http::Response Contract::call(const api::test::ApiService& stack, const std::string& method,
                              const std::string& path, const std::string& target,
                              const api::test::Fields& fields, const std::string& body) {
  http::Response answer = stack.call(method, target, fields, body);
  check(method, path, answer);
  for (const std::string& name : parameters(method, path)) {
    const bool sent = names_parameter(target, name) ||
                      std::any_of(fields.begin(), fields.end(),
                                  [&](const auto& field) { return field.first == name; });
    if (sent) seen_.insert(method + " " + path + " parameter " + name);
  }
  return answer;
}

void Contract::check_headers(const json& response, const http::Response& answer,
                             std::vector<std::string>& problems) {
  const json headers = response.value("headers", json::object());
  for (const auto& [name, reference] : headers.items()) {
    const json& header = schemas_.resolve(reference);
    const std::string* value = answer.headers.find(name);
    if (value == nullptr) {
      if (header.value("required", false)) problems.push_back("has no header " + name);
      continue;
    }
    for (const std::string& problem : schemas_.check(header["schema"], *value))
      problems.push_back("header " + name + ": " + problem);
  }
}

// Returns the media type, or "" for an answer without a body.
std::string Contract::check_body(const json& response, const http::Response& answer,
                                 std::vector<std::string>& problems) {
  const json content = response.value("content", json::object());
  const std::string* type = answer.headers.find("Content-Type");
  if (type == nullptr || content.empty()) {
    if (!content.empty()) problems.push_back("has no Content-Type");
    if (content.empty() && !answer.body.empty()) problems.push_back("has a body");
    return {};
  }
  const std::string media = type->substr(0, type->find(';'));
  if (!content.contains(media)) {
    problems.push_back("has the type " + media);
    return {};
  }
  const bool is_json = media.ends_with("json");
  const json value = is_json ? json::parse(answer.body, nullptr, false) : json(answer.body);
  if (value.is_discarded()) {
    problems.push_back("is no JSON");
    return media;
  }
  for (const std::string& problem : schemas_.check(content[media]["schema"], value))
    problems.push_back(problem);
  return media;
}

std::string Contract::judge(const std::string& method, const std::string& path,
                            const http::Response& answer, std::vector<std::string> problems) {
  const json& responses = operation(method, path)["responses"];
  const std::string status = std::to_string(answer.status);
  const json& response =
      schemas_.resolve(responses[responses.contains(status) ? status : "default"]);
  check_headers(response, answer, problems);
  const std::string media = check_body(response, answer, problems);
  if (problems.empty()) return media;
  std::string text = method + " " + path + " answered " + status + ":\n";
  for (const std::string& problem : problems)
    text += "  " + problem + "\n";
  throw std::runtime_error(text + answer.body.substr(0, 1000));
}

void Contract::check(const std::string& method, const std::string& path,
                     const http::Response& answer) {
  const std::string status = std::to_string(answer.status);
  std::vector<std::string> problems;
  if (!operation(method, path)["responses"].contains(status)) {
    problems.push_back("the status is not described");
  }
  const std::string media = judge(method, path, answer, std::move(problems));
  seen_.insert(method + " " + path + " " + status + (media.empty() ? "" : " " + media));
}

void Contract::check_random(const std::string& method, const std::string& path,
                            const http::Response& answer) {
  const json& responses = operation(method, path)["responses"];
  const std::string status = std::to_string(answer.status);
  std::vector<std::string> problems;
  const bool described = responses.contains(status);
  if (!described && (answer.status < 400 || answer.status >= 500)) {
    problems.push_back("the status is not described");
  }
  const json& response = schemas_.resolve(responses[described ? status : "default"]);
  const json headers = response.value("headers", json::object());
  for (const auto& field : answer.headers.fields()) {
    bool known = false;
    for (const auto& [name, ignored] : headers.items())
      known = known || text::equals_ignoring_case(name, field.name);
    if (!known && !is_on_every_response(field.name)) {
      problems.push_back("has the field " + field.name + ", which is not described");
    }
  }
  std::ignore = judge(method, path, answer, std::move(problems));
}

std::vector<std::string> Contract::missing() const {
  std::vector<std::string> missing;
  const auto need = [&](const std::set<std::string>& seen, const std::string& what) {
    if (!seen.contains(what)) missing.push_back(what);
  };
  for (const std::string& name : operations()) {
    const std::size_t space = name.find(' ');
    const std::string method = name.substr(0, space);
    const std::string path = name.substr(space + 1);
    for (const std::string& parameter : parameters(method, path))
      need(seen_, name + " parameter " + parameter);
    for (const auto& [status, reference] : operation(method, path)["responses"].items()) {
      if (status == "default") continue;
      const json content = schemas_.resolve(reference).value("content", json::object());
      if (content.empty()) need(seen_, name + " " + status);
      for (const auto& [media, ignored] : content.items())
        need(seen_, name + " " + status + " " + media);
    }
  }
  for (const auto& [name, schema] : document_["components"]["schemas"].items()) {
    // What clients send; the answers to it are seen instead.
    if (name == "NewDocument" || name == "NewBatch" || name == "Search" || name == "JobsChange" ||
        name == "QueueName") {
      continue;
    }
    const json properties = schema.value("properties", json::object());
    for (const auto& [property, ignored] : properties.items())
      need(schemas_.seen(), name + "." + property);
  }
  return missing;
}

}  // namespace holdfast::openapi
