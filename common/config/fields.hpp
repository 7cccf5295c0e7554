// SPDX-License-Identifier: Apache-2.0
#pragma once

// Fields: one description per key, from which everything else follows: reading a file, showing
// the result, knowing which keys exist, what a reload does with them, and checking that the
// documentation lists them. A section of Config is a list of fields bound to its members
// (schema.hpp).
//
// Threads: a field refers to the struct that it was made for and must not outlive it.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/config/suggest.hpp"
#include "common/config/value.hpp"

#include <any>
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

// What a reload does when a key has changed. A key may have several effects: the supervisor applies
// log.level at once, and its workers need a restart for it.
enum class ReloadEffect : unsigned {
  Live = 1,       // applied at once
  Roll = 2,       // a rolling restart of the programs that the key is about, or that read it
  Scale = 4,      // processes are added or removed
  NextStart = 8,  // nothing until the supervisor is started again
};
constexpr ReloadEffect operator|(ReloadEffect a, ReloadEffect b) {
  return static_cast<ReloadEffect>(static_cast<unsigned>(a) | static_cast<unsigned>(b));
}
constexpr bool has(ReloadEffect effects, ReloadEffect one) {
  return (static_cast<unsigned>(effects) & static_cast<unsigned>(one)) != 0;
}
std::string to_string(ReloadEffect effects);  // "live", "roll, next start"

struct Field {
  std::string key;
  ReloadEffect on_reload = ReloadEffect::NextStart;
  std::string type;  // for the documentation: "duration", "size", …
  // Stores the value, or complains and leaves the member as it was.
  std::function<void(const Value&, Complaints&)> read;
  // The member as TOML; nothing if it is unset and has no spelling.
  std::function<std::optional<Value>()> write;
  // The member as it is, for restore() of the same key, which may be bound to another struct.
  std::function<std::any()> save;
  std::function<void(const std::any& saved)> restore;
};
using Fields = std::vector<Field>;

// Checks one text, and may rewrite it; the error's message becomes the complaint.
using TextCheck = std::function<Result<std::string>(const std::string&)>;

Field text_field(std::string key, ReloadEffect on_reload, std::string& value, TextCheck check = {});
Field texts_field(std::string key, ReloadEffect on_reload, std::vector<std::string>& value,
                  TextCheck check = {});
enum class Absence { Allowed, Refused };  // of a path: may "" be given?
Field path_field(std::string key, ReloadEffect on_reload, std::filesystem::path& value,
                 Absence absence);
Field flag_field(std::string key, ReloadEffect on_reload, bool& value);
Field count_field(std::string key, ReloadEffect on_reload, std::uint32_t& value, std::uint32_t min,
                  std::uint32_t max);
Field number_field(std::string key, ReloadEffect on_reload, double& value, double min, double max);
Field duration_field(std::string key, ReloadEffect on_reload, Duration& value, Duration min,
                     Duration max);
Field bytes_field(std::string key, ReloadEffect on_reload, std::uint64_t& value, std::uint64_t min,
                  std::uint64_t max);

// A field of one member, with the reading and writing given.
template <class T, class Read, class Write>
Field member_field(std::string key, ReloadEffect on_reload, std::string type, T& value, Read read,
                   Write write) {
  return {std::move(key),
          on_reload,
          std::move(type),
          std::move(read),
          std::move(write),
          [&value] { return std::any(value); },
          [&value](const std::any& saved) { value = std::any_cast<const T&>(saved); }};
}

// For text_field: the name of a user or a group.
Result<std::string> check_account(const std::string& text);

// A file mode, or a mask of one: octal in quotes.
Field mode_field(std::string key, ReloadEffect on_reload, std::optional<std::uint32_t>& value);

// For custom fields: the text inside, or nullptr and a complaint about the type.
const std::string* expect_text(const Value& value, Complaints& complaints);
void complain_type(const Value& value, std::string_view expected, Complaints& complaints);

std::string exact_bytes(std::uint64_t bytes);  // "50MiB": the largest unit that loses nothing

// "a", "b", "c"
std::string quoted_list(const std::vector<std::string>& names);

template <class T>
Field choice_field(std::string key, ReloadEffect on_reload, T& value,
                   std::vector<std::pair<std::string, T>> choices) {
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
  return member_field(std::move(key), on_reload, quoted_list(names), value, std::move(read),
                      std::move(write));
}

}  // namespace holdfast::config
