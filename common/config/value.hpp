// SPDX-License-Identifier: Apache-2.0
#pragma once

// A parsed configuration document with the position of every key and value, in the order of the
// file. It keeps the TOML library out of everything but parse.cpp.
//
// Threads: values.

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace holdfast::config {

// Line and column count from 1, as in editors; 0: no position. `file` is an index into the files
// that the configuration was read from (LoadReport).
struct Position {
  int line = 0;
  int column = 0;
  int file = 0;
  auto operator<=>(const Position&) const = default;
};

struct Value;
struct Member;
using Array = std::vector<Value>;
using Table = std::vector<Member>;

// A TOML type that no key takes: dates and times.
struct Foreign {
  std::string kind;
};

struct Value {
  std::variant<std::string, std::int64_t, double, bool, Array, Table, Foreign> data;
  Position at = {};
  // The text as it stands in the file, if variables in it were replaced; else empty. It may be
  // shown, but what replaced them may be a secret.
  std::string written = {};
};

struct Member {
  std::string key;
  Position at;  // of the key
  Value value;
};

std::string_view type_name(const Value& value);  // "a string", "an integer", …

// A value as TOML on one line, and a string as a quoted TOML string.
std::string to_toml(const Value& value);
std::string quote_toml(std::string_view text);

}  // namespace holdfast::config
