// SPDX-License-Identifier: Apache-2.0
#pragma once

// JsonWriter: appends JSON (RFC 8259) to a string without building a tree first. For responses on
// hot paths; JSON that comes in is parsed by nlohmann.
//
// The caller keeps the nesting right (one value after each key, an end for every begin); the writer
// adds the commas. Strings are escaped by text::append_json_string(), so the output is valid JSON
// whatever bytes they hold.
//
// Threads: one writer, one thread. Holds a reference to the string; owns nothing.

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::text {

class JsonWriter {
 public:
  explicit JsonWriter(std::string& out) : out_(out) {}

  JsonWriter& begin_object() { return open('{'); }
  JsonWriter& end_object() { return close('}'); }
  JsonWriter& begin_array() { return open('['); }
  JsonWriter& end_array() { return close(']'); }

  JsonWriter& key(std::string_view name);
  JsonWriter& string(std::string_view text);
  JsonWriter& number(double value);  // NaN and infinities become null
  JsonWriter& boolean(bool value) { return raw(value ? "true" : "false"); }
  JsonWriter& null() { return raw("null"); }
  JsonWriter& raw(std::string_view json);  // a finished JSON value
  template <std::integral T>
  JsonWriter& number(T value) {
    if constexpr (std::signed_integral<T>) return signed_number(value);
    return unsigned_number(static_cast<std::uint64_t>(value));
  }

  JsonWriter& field(std::string_view name, std::string_view text) { return key(name).string(text); }
  template <class T>
  requires std::is_arithmetic_v<T> JsonWriter& field(std::string_view name, T value) {
    return key(name).number(value);
  }

 private:
  JsonWriter& open(char bracket);
  JsonWriter& close(char bracket);
  JsonWriter& signed_number(std::int64_t value);
  JsonWriter& unsigned_number(std::uint64_t value);
  void separate();

  std::string& out_;
  bool comma_ = false;  // a value was written at this level: the next one needs a comma
};

}  // namespace holdfast::text
