// SPDX-License-Identifier: Apache-2.0
#pragma once

// Small builders for the API's tests.

#include "api-worker/edge/context.hpp"
#include "common/http/target.hpp"

#include <nlohmann/json.hpp>

#include <memory>
#include <string>

namespace holdfast::api::test {

inline std::shared_ptr<http::Request> make_request(const std::string& method,
                                                   const std::string& target) {
  auto request = std::make_shared<http::Request>();
  request->method = method;
  request->target = target;
  if (!http::parse_target(target, request->path, request->query)) {
    throw std::invalid_argument("bad target in a test: " + target);
  }
  request->peer.address = "192.0.2.1";
  request->peer.port = 40000;
  return request;
}

inline Context make_context(std::shared_ptr<const http::Request> request,
                            const std::string& request_id = "test-1") {
  Context context;
  context.request = std::move(request);
  context.request_id = request_id;
  context.client.address = context.request->peer.address;
  return context;
}

inline nlohmann::json body_of(const http::Response& response) {
  return nlohmann::json::parse(response.body);
}

inline std::string header_of(const http::Response& response, std::string_view name) {
  const std::string* value = response.headers.find(name);
  return value == nullptr ? "(none)" : *value;
}

}  // namespace holdfast::api::test
