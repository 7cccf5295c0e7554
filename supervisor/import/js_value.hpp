// SPDX-License-Identifier: Apache-2.0
#pragma once

// JSON, and the literals of a JavaScript file: what `module.exports = { … }` of an
// ecosystem.config.js usually is. Nothing is run: an expression that is no literal stays text.
//
// Threads: pure functions.

#include "common/base/result.hpp"

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace holdfast::supervisor::importer {

struct JsValue;
using JsArray = std::vector<JsValue>;
struct JsMember;
using JsObject = std::vector<JsMember>;

// A text as it stands in a holdfast.toml: process.env.HOME is "${HOME}".
struct JsText {
  std::string written;
};
struct JsExpression {
  std::string source;  // what only JavaScript can tell
};

struct JsValue {
  // null, undefined: monostate
  std::variant<std::monostate, bool, double, JsText, JsArray, JsObject, JsExpression> data;

  const JsValue* find(std::string_view key) const;  // of an object
  bool is_null() const;
  // A text, a number or a flag as text, for an environment; an expression's source.
  std::string text() const;
  const bool* flag() const;
  const double* number() const;
  const JsText* string() const;
  const JsArray* array() const;
  const JsObject* object() const;
};

struct JsMember {
  std::string first;  // the key
  JsValue second;
};

// Here and not in the class, in which a value of its own type is still incomplete.
inline bool JsValue::is_null() const {
  return std::holds_alternative<std::monostate>(data);
}
inline const bool* JsValue::flag() const {
  return std::get_if<bool>(&data);
}
inline const double* JsValue::number() const {
  return std::get_if<double>(&data);
}
inline const JsText* JsValue::string() const {
  return std::get_if<JsText>(&data);
}
inline const JsArray* JsValue::array() const {
  return std::get_if<JsArray>(&data);
}
inline const JsObject* JsValue::object() const {
  return std::get_if<JsObject>(&data);
}

// `directory`: what __dirname is. InvalidArgument with the line: the text is no JSON, and has no
// `module.exports =` or `export default` with a literal.
Result<JsValue> parse_js(std::string_view text, std::string_view directory);

}  // namespace holdfast::supervisor::importer
