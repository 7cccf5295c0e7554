// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fields: one description per key, from which everything else follows: reading a file, showing
// the result, knowing which keys exist, and checking that the documentation lists them. A section
// of Config is a list of fields bound to its members (schema.hpp).
//
// Threads: a field refers to the struct that it was made for and must not outlive it.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/config/suggest.hpp"
#include "common/config/value.hpp"

#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::config {

struct Complaint {
  Position at;
  std::string message;
};
using Complaints = std::vector<Complaint>;

struct Field {
  std::string key;
  std::string type;  // for the documentation: "duration", "size", …
  // Stores the value, or complains and leaves the member as it was.
  std::function<void(const Value&, Complaints&)> read;
  // The member as TOML; nothing if it is unset and has no spelling.
  std::function<std::optional<Value>()> write;
};
using Fields = std::vector<Field>;

// Looks at one text, and may rewrite it; the error's message becomes the complaint.
using TextCheck = std::function<Result<std::string>(const std::string&)>;

Field text_field(std::string key, std::string& value, TextCheck check = {});
Field texts_field(std::string key, std::vector<std::string>& value, TextCheck check = {});
enum class Absence { Allowed, Refused };  // of a path: may "" be given?
Field path_field(std::string key, std::filesystem::path& value, Absence absence);
Field flag_field(std::string key, bool& value);
Field count_field(std::string key, std::uint32_t& value, std::uint32_t min, std::uint32_t max);
Field number_field(std::string key, double& value, double min, double max);
Field duration_field(std::string key, Duration& value, Duration min, Duration max);
Field bytes_field(std::string key, std::uint64_t& value, std::uint64_t min, std::uint64_t max);

// For fields of one's own: the text inside, or nothing and a complaint about the type.
const std::string* expect_text(const Value& value, Complaints& complaints);
void complain_type(const Value& value, std::string_view expected, Complaints& complaints);

std::string exact_bytes(std::uint64_t bytes);  // "50MiB": the largest unit that loses nothing

// "a", "b", "c"
std::string quoted_list(const std::vector<std::string>& names);

template <class T>
Field choice_field(std::string key, T& value, std::vector<std::pair<std::string, T>> choices) {
  std::vector<std::string> names;
  for (const auto& [name, choice] : choices)
    names.push_back(name);
  auto read = [&value, choices, names](const Value& given, Complaints& complaints) {
    const std::string* text = expect_text(given, complaints);
    if (text == nullptr) return;
    for (const auto& [name, choice] : choices) {
      if (name != *text) continue;
      value = choice;
      return;
    }
    complaints.push_back({given.at, fmt::format("'{}' is not one of {}{}", *text,
                                                quoted_list(names), did_you_mean(*text, names))});
  };
  auto write = [&value, choices]() -> std::optional<Value> {
    for (const auto& [name, choice] : choices) {
      if (choice == value) return Value{name};
    }
    return {};
  };
  return {std::move(key), quoted_list(names), std::move(read), std::move(write)};
}

}  // namespace holdfast::config
