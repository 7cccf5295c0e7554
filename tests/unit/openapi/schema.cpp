// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/openapi/schema.hpp"

#include "common/text/utf8.hpp"

#include <algorithm>
#include <cmath>
#include <regex>
#include <stdexcept>

namespace holdfast::openapi {

namespace {

using nlohmann::json;

const std::set<std::string> kKeywords{"$ref",
                                      "type",
                                      "const",
                                      "enum",
                                      "properties",
                                      "required",
                                      "additionalProperties",
                                      "items",
                                      "maxItems",
                                      "minimum",
                                      "maximum",
                                      "minLength",
                                      "maxLength",
                                      "minItems",
                                      "pattern",
                                      "format",
                                      "default",
                                      "description"};

bool has_type(const json& value, const std::string& type) {
  if (type == "object") return value.is_object();
  if (type == "array") return value.is_array();
  if (type == "string") return value.is_string();
  if (type == "integer") {
    return value.is_number() && std::trunc(value.get<double>()) == value.get<double>();
  }
  if (type == "number") return value.is_number();
  if (type == "boolean") return value.is_boolean();
  if (type == "null") return value.is_null();
  throw std::invalid_argument("unknown type " + type);
}

bool has_format(const std::string& value, const std::string& format) {
  static const std::regex uuid(
      "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  static const std::regex time(
      R"(\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d:[0-5]\d(\.\d+)?Z)");
  static const std::regex reference("[A-Za-z][A-Za-z0-9+.-]*:[^ ]+|[^: ]*");
  if (format == "uuid") return std::regex_match(value, uuid);
  if (format == "date-time") return std::regex_match(value, time);
  if (format == "uri-reference") return std::regex_match(value, reference);
  throw std::invalid_argument("unknown format " + format);
}

std::string last_of(const std::string& pointer) {
  return pointer.substr(pointer.rfind('/') + 1);
}

}  // namespace

const json& Schemas::resolve(const json& schema) const {
  if (!schema.contains("$ref")) return schema;
  const std::string reference = schema["$ref"];
  if (!reference.starts_with("#/")) throw std::invalid_argument("foreign $ref " + reference);
  return document_.at(json::json_pointer(reference.substr(1)));
}

std::vector<std::string> Schemas::check(const json& schema, const json& value) {
  problems_.clear();
  check_at("#", schema, value);
  return problems_;
}

void Schemas::complain(const std::string& where, const std::string& what) {
  problems_.push_back(where + ": " + what);
}

void Schemas::check_at(const std::string& where, const json& schema, const json& value) {
  for (const auto& [keyword, ignored] : schema.items()) {
    if (!kKeywords.contains(keyword)) throw std::invalid_argument("unknown keyword " + keyword);
  }
  if (schema.contains("$ref")) {
    const json& target = resolve(schema);
    if (value.is_object()) {
      check_object(where, last_of(schema["$ref"]), target, value);
      return;
    }
    return check_at(where, target, value);
  }
  if (schema.contains("type")) {
    const json& type = schema["type"];
    const bool fits = type.is_string()
                          ? has_type(value, type)
                          : std::any_of(type.begin(), type.end(),
                                        [&](const json& one) { return has_type(value, one); });
    if (!fits) return complain(where, "is " + value.dump() + ", not of type " + type.dump());
  }
  if (schema.contains("const") && schema["const"] != value) {
    complain(where, "is " + value.dump() + ", not " + schema["const"].dump());
  }
  if (schema.contains("enum")) {
    const json& all = schema["enum"];
    if (std::find(all.begin(), all.end(), value) == all.end()) {
      complain(where, "is " + value.dump() + ", none of " + all.dump());
    }
  }
  if (value.is_object()) check_object(where, "", schema, value);
  if (value.is_number()) check_number(where, schema, value);
  if (value.is_string()) check_string(where, schema, value);
  if (value.is_array()) {
    if (schema.contains("minItems") && value.size() < schema["minItems"].get<std::size_t>()) {
      complain(where, "has too few items");
    }
    if (schema.contains("maxItems") && value.size() > schema["maxItems"].get<std::size_t>()) {
      complain(where, "has too many items");
    }
    for (std::size_t i = 0; schema.contains("items") && i < value.size(); ++i)
      check_at(where + "/" + std::to_string(i), schema["items"], value[i]);
  }
}

void Schemas::check_object(const std::string& where, const std::string& name, const json& schema,
                           const json& value) {
  if (!has_type(value, schema.value("type", "object"))) {
    return complain(where, "is an object, and should be none");
  }
  for (const json& required : schema.value("required", json::array())) {
    if (!value.contains(required.get<std::string>())) {
      complain(where, "has no '" + required.get<std::string>() + "'");
    }
  }
  // What is not said to be allowed is not: a field that nobody described is a finding.
  const bool open = schema.value("additionalProperties", false);
  const json properties = schema.value("properties", json::object());
  for (const auto& [key, one] : value.items()) {
    if (const auto property = properties.find(key); property != properties.end()) {
      if (!name.empty()) seen_.insert(name + "." + key);
      check_at(where + "/" + key, *property, one);
    } else if (!open) {
      complain(where, "has '" + key + "', which is not described");
    }
  }
}

void Schemas::check_number(const std::string& where, const json& schema, double value) {
  if (schema.contains("minimum") && value < schema["minimum"].get<double>()) {
    complain(where, std::to_string(value) + " is too small");
  }
  if (schema.contains("maximum") && value > schema["maximum"].get<double>()) {
    complain(where, std::to_string(value) + " is too large");
  }
}

void Schemas::check_string(const std::string& where, const json& schema, const std::string& value) {
  const std::size_t length = text::count_code_points(value);
  if (schema.contains("minLength") && length < schema["minLength"].get<std::size_t>()) {
    complain(where, "is too short");
  }
  if (schema.contains("maxLength") && length > schema["maxLength"].get<std::size_t>()) {
    complain(where, "is too long");
  }
  if (schema.contains("pattern") &&
      !std::regex_search(value, std::regex(schema["pattern"].get<std::string>()))) {
    complain(where, "'" + value + "' does not match " + schema["pattern"].dump());
  }
  if (schema.contains("format") && !has_format(value, schema["format"])) {
    complain(where, "'" + value + "' is no " + schema["format"].get<std::string>());
  }
}

}  // namespace holdfast::openapi
