// SPDX-License-Identifier: Apache-2.0
#include "common/config/variables.hpp"

#include "common/log/redact.hpp"
#include "common/protocol/variables.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::config {

namespace {

constexpr std::string_view kForAShell = "write $${ if it is meant for a shell";

bool starts_name(char c) {
  return c == '_' || (text::is_alphanumeric(c) && !text::is_digit(c));
}

bool continues_name(char c) {
  return c == '_' || text::is_alphanumeric(c);
}

// Where the braces that open at text[open] close, counting pairs inside them; npos: nowhere.
std::size_t closing_brace(std::string_view text, std::size_t open) {
  int depth = 0;
  for (std::size_t i = open; i < text.size(); ++i) {
    if (text[i] == '{') ++depth;
    if (text[i] == '}' && --depth == 0) return i;
  }
  return std::string_view::npos;
}

class Replacer {
 public:
  Replacer(const Environ& known, Position at, Complaints& complaints,
           std::set<std::string>& secrets)
      : environ_(known), at_(at), complaints_(complaints), secrets_(secrets) {}

  std::string replace(std::string_view text);
  bool replaced() const { return replaced_; }

 private:
  // `inner`: what stands between the braces.
  std::string reference(std::string_view inner);
  std::string not_set(std::string_view name);
  void complain(std::string message) { complaints_.push_back({at_, std::move(message)}); }

  const Environ& environ_;
  Position at_;
  Complaints& complaints_;
  std::set<std::string>& secrets_;
  bool replaced_ = false;
};

std::string Replacer::replace(std::string_view text) {
  std::string out;
  std::size_t i = 0;
  while (i < text.size()) {
    const std::size_t dollar = std::min(text.find('$', i), text.size());
    out.append(text.substr(i, dollar - i));
    const std::size_t end = std::min(text.find_first_not_of('$', dollar), text.size());
    const std::size_t dollars = end - dollar;
    i = end;
    if (end == text.size() || text[end] != '{') {
      out.append(dollars, '$');
      continue;
    }
    out.append(dollars / 2, '$');
    if (dollars % 2 == 0) continue;  // the brace is plain text
    const std::size_t close = closing_brace(text, end);
    if (close == std::string_view::npos) {
      complain(fmt::format("'${{' without '}}'; {}", kForAShell));
      return out;
    }
    out += reference(text.substr(end + 1, close - end - 1));
    i = close + 1;
  }
  return out;
}

std::string Replacer::reference(std::string_view inner) {
  replaced_ = true;
  std::size_t end = 0;
  if (!inner.empty() && starts_name(inner.front())) {
    while (end < inner.size() && continues_name(inner[end]))
      ++end;
  }
  const std::string name(inner.substr(0, end));
  std::string_view rest = inner.substr(end);
  const bool colon = rest.starts_with(':');
  if (colon) rest.remove_prefix(1);
  if (name.empty() || (!rest.starts_with('-') && (colon || !rest.empty()))) {
    complain(
        fmt::format("'${{{}}}' is neither ${{NAME}}, ${{NAME:-default}} nor ${{NAME-default}}; {}",
                    inner, kForAShell));
    return {};
  }
  if (!protocol::is_inherited(name)) {
    complain(fmt::format("'{}' is not the same in all processes that read the configuration; {}",
                         name, kForAShell));
    return {};
  }
  const auto found = environ_.find(name);
  if (found != environ_.end() && !(colon && found->second.empty())) {
    if (log::sounds_secret(name) && !found->second.empty()) secrets_.insert(found->second);
    return found->second;
  }
  return rest.empty() ? not_set(name) : replace(rest.substr(1));
}

std::string Replacer::not_set(std::string_view name) {
  complain(
      fmt::format("the environment variable '{0}' is not set; write ${{{0}:-default}} to give "
                  "it a default, or $${{{0}}} if it is meant for a shell",
                  name));
  return {};
}

void replace_in(Value& value, const Environ& environ, Complaints& complaints,
                std::set<std::string>& secrets) {
  if (auto* text = std::get_if<std::string>(&value.data)) {
    if (!has_variable_syntax(*text)) return;
    Replacer replacer(environ, value.at, complaints, secrets);
    const std::size_t before = complaints.size();
    std::string replaced = replacer.replace(*text);
    if (complaints.size() > before) return;  // the text stays as it is
    if (replacer.replaced()) value.written = std::move(*text);
    *text = std::move(replaced);
  } else if (auto* array = std::get_if<Array>(&value.data)) {
    for (Value& item : *array)
      replace_in(item, environ, complaints, secrets);
  } else if (auto* table = std::get_if<Table>(&value.data)) {
    replace_variables(*table, environ, complaints, secrets);
  }
}

}  // namespace

void replace_variables(Table& table, const Environ& environ, Complaints& complaints,
                       std::set<std::string>& secrets) {
  for (Member& member : table)
    replace_in(member.value, environ, complaints, secrets);
}

std::string escape_variables(std::string_view text) {
  std::string out;
  std::size_t dollars = 0;  // that were written last
  for (const char c : text) {
    if (c == '{') out.append(dollars, '$');
    dollars = c == '$' ? dollars + 1 : 0;
    out += c;
  }
  return out;
}

bool has_variable_syntax(std::string_view text) {
  return text.find("${") != std::string_view::npos;
}

}  // namespace holdfast::config
