// SPDX-License-Identifier: Apache-2.0
#pragma once

// Contract: requests to a real API worker, each answer held against openapi.json, and a record of
// what of the description was exercised.

#include "common/http/message.hpp"
#include "tests/unit/api/api_service.hpp"
#include "tests/unit/openapi/schema.hpp"

#include <set>
#include <string>
#include <vector>

namespace holdfast::openapi {

class Contract {
 public:
  Contract();

  // `path`: as the description has it, "/api/documents/{id}"; `target`: what is asked for. Throws,
  // with everything that is wrong, unless the answer is described.
  http::Response call(const api::test::ApiService& stack, const std::string& method,
                      const std::string& path, const std::string& target,
                      const api::test::Fields& fields = {}, const std::string& body = "");
  // For random requests: throws unless the answer is described, if need be by `default`, has no
  // field that the description does not know, and is no fault of the service.
  void check_random(const std::string& method, const std::string& path,
                    const http::Response& answer);
  // An answer that came in another way.
  void check(const std::string& method, const std::string& path, const http::Response& answer);

  // What is described and was not seen: "GET /api/queue 200 application/json", "Job.last_error",
  // "PUT /api/documents/{id} parameter If-Match".
  std::vector<std::string> missing() const;

  const nlohmann::json& document() const { return document_; }
  const nlohmann::json& operation(const std::string& method, const std::string& path) const;
  const nlohmann::json& resolve(const nlohmann::json& value) const {
    return schemas_.resolve(value);
  }
  // "GET /api/queue", …
  std::set<std::string> operations() const;

 private:
  std::vector<std::string> parameters(const std::string& method, const std::string& path) const;
  // The media type of the answer; throws with `problems` and what else is wrong.
  std::string judge(const std::string& method, const std::string& path,
                    const http::Response& answer, std::vector<std::string> problems);
  void check_headers(const nlohmann::json& response, const http::Response& answer,
                     std::vector<std::string>& problems);
  std::string check_body(const nlohmann::json& response, const http::Response& answer,
                         std::vector<std::string>& problems);

  nlohmann::json document_;
  Schemas schemas_;
  std::set<std::string> seen_;
};

}  // namespace holdfast::openapi
