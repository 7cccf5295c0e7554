// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/model.hpp"

#include "common/base/duration.hpp"
#include "common/config/names.hpp"
#include "common/config/value.hpp"
#include "common/config/variables.hpp"
#include "common/protocol/variables.hpp"
#include "common/text/ascii.hpp"
#include "supervisor/import/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

namespace holdfast::supervisor::importer {

namespace {

constexpr std::size_t kLongestName = 48;

// a-z, 0-9 and '-', beginning with a letter or digit.
std::string holdfast_name(std::string_view origin) {
  std::string name;
  for (const char c : text::to_lower(origin)) {
    const bool fits = text::is_lower(c) || text::is_digit(c);
    if (fits) {
      name += c;
    } else if (!name.empty() && name.back() != '-') {
      name += '-';
    }
  }
  name.resize(std::min(name.size(), kLongestName));
  while (!name.empty() && name.back() == '-')
    name.pop_back();
  if (name == config::kEveryProgram) name += "-program";  // that name is taken, for all of them
  return name.empty() ? "program" : name;
}

}  // namespace

std::string plain(std::string_view text) {
  return config::escape_variables(text);
}

std::string size_of(std::string_view text) {
  std::size_t digits = 0;
  while (digits < text.size() && text::is_digit(text[digits]))
    ++digits;
  const std::string number(text.substr(0, digits));
  const std::string unit = text::to_lower(text.substr(digits));
  if (number.empty()) return {};
  if (unit.empty() || unit == "b") return number + "B";
  for (const char letter : {'k', 'm', 'g'}) {
    if (unit.front() != letter ||
        (unit.size() > 1 && unit.substr(1) != "b" && unit.substr(1) != "ib"))
      continue;
    return fmt::format("{}{}iB", number, static_cast<char>(letter - 'a' + 'A'));
  }
  return {};
}

void Section::set(const std::string& key, std::string toml) {
  for (Entry& entry : entries_) {
    if (entry.key != key) continue;
    entry.toml = std::move(toml);
    return;
  }
  entries_.push_back({key, std::move(toml)});
}

void Section::set_text(const std::string& key, std::string_view text) {
  set(key, config::quote_toml(text));
}

void Section::set_texts(const std::string& key, const std::vector<std::string>& texts) {
  std::vector<std::string> quoted;
  for (const std::string& text : texts)
    quoted.push_back(config::quote_toml(text));
  set(key, fmt::format("[{}]", fmt::join(quoted, ", ")));
}

void Section::set_numbers(const std::string& key, const std::vector<std::int64_t>& numbers) {
  set(key, fmt::format("[{}]", fmt::join(numbers, ", ")));
}

void Section::set_environment(const std::map<std::string, std::string>& variables) {
  std::vector<std::string> members;
  for (const auto& [name, text] : variables) {
    if (protocol::is_reserved(name)) {
      leave_out(fmt::format("the variable {}={}", name, text),
                "the supervisor sets it for each worker");
    } else if (is_variable_name(name)) {
      members.push_back(fmt::format("{} = {}", name, config::quote_toml(text)));
    } else {
      leave_out(fmt::format("the variable {}={}", name, text),
                "Holdfast's names have letters, digits and '_'; env(1) sets others");
    }
  }
  if (!members.empty()) set("environment", fmt::format("{{ {} }}", fmt::join(members, ", ")));
}

void Section::set_duration(const std::string& key, Duration duration) {
  set_text(key, format_duration(duration));
}

// TOML has no other control characters than tabs in a comment; lines become comments of their own.
void Section::comment(std::string text) {
  for (char& c : text) {
    const auto code = static_cast<unsigned char>(c);
    if ((code < 0x20 && c != '\t' && c != '\n') || code == 0x7F) c = '?';
  }
  entries_.push_back({"", std::move(text)});
}

void Section::leave_out(const std::string& what, const std::string& why) {
  comment(fmt::format("not taken over: {}{}{}", what, why.empty() ? "" : ": ", why));
}

bool Section::has(std::string_view key) const {
  return std::any_of(entries_.begin(), entries_.end(),
                     [&](const Entry& entry) { return entry.key == key; });
}

Section& Stack::add_program(const std::string& origin) {
  const std::string wanted = holdfast_name(origin);
  std::string name = wanted;
  const auto taken = [&] {
    return std::any_of(programs_.begin(), programs_.end(),
                       [&](const Section& section) { return section.name() == "program." + name; });
  };
  for (int n = 2; taken(); ++n) {
    const std::string suffix = fmt::format("-{}", n);
    name = wanted.substr(0, kLongestName - suffix.size()) + suffix;
  }
  names_.emplace(origin, name);
  programs_.emplace_back("program." + name);
  if (name != origin) programs_.back().comment(fmt::format("was called '{}'", origin));
  return programs_.back();
}

std::string Stack::name_of(const std::string& origin) const {
  const auto found = names_.find(origin);
  return found == names_.end() ? std::string() : found->second;
}

}  // namespace holdfast::supervisor::importer
