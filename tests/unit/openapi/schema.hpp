// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON Schema (2020-12), as far as openapi.json uses it: type, const, enum, properties, required,
// additionalProperties, items, maxItems, minimum, maximum, minLength, maxLength, pattern, format
// (uuid, date-time, uri-reference) and $ref into the same document. Any other keyword throws, so
// that nothing in the description is silently believed.

#include <nlohmann/json.hpp>

#include <set>
#include <string>
#include <vector>

namespace holdfast::openapi {

class Schemas {
 public:
  explicit Schemas(const nlohmann::json& document) : document_(document) {}

  // What is wrong with `value`, each with its place; empty if nothing.
  std::vector<std::string> check(const nlohmann::json& schema, const nlohmann::json& value);

  // Follows $ref.
  const nlohmann::json& resolve(const nlohmann::json& schema) const;

  // "Document.title" for every property of a named schema that a value has had.
  const std::set<std::string>& seen() const { return seen_; }

 private:
  void check_at(const std::string& where, const nlohmann::json& schema,
                const nlohmann::json& value);
  void check_object(const std::string& where, const std::string& name, const nlohmann::json& schema,
                    const nlohmann::json& value);
  void check_number(const std::string& where, const nlohmann::json& schema, double value);
  void check_string(const std::string& where, const nlohmann::json& schema,
                    const std::string& value);
  void complain(const std::string& where, const std::string& what);

  const nlohmann::json& document_;
  std::set<std::string> seen_;
  std::vector<std::string> problems_;
};

}  // namespace holdfast::openapi
