// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/words.hpp"

#include "common/text/ascii.hpp"

#include <algorithm>
#include <array>
#include <filesystem>

namespace holdfast::supervisor::importer {

namespace {

bool is_space(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

// Whether a shell would do more with the text than to split it into words.
bool has_shell_syntax(std::string_view text) {
  char quote = '\0';
  bool word_starts = true;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'') {
      ++i;
      word_starts = false;
      continue;
    }
    if (quote == '\0') {
      if (std::string_view("|&;<>()*?[`$\n").find(c) != std::string_view::npos) return true;
      if (word_starts && (c == '~' || c == '#')) return true;
      if (c == '\'' || c == '"') quote = c;
    } else if (c == quote) {
      quote = '\0';
    } else if (quote == '"' && (c == '$' || c == '`')) {
      return true;
    }
    word_starts = quote == '\0' && is_space(c);
  }
  return quote != '\0';
}

// What exists only inside a shell.
bool is_builtin(std::string_view word) {
  static constexpr std::array<std::string_view, 17> kBuiltins{
      "cd", ".",   "source", "export", "set",  "unset", "ulimit", "umask", "trap",
      "if", "for", "while",  "until",  "case", "eval",  "!",      "{"};
  return std::find(kBuiltins.begin(), kBuiltins.end(), word) != kBuiltins.end();
}

// The '=' of VAR=value, or npos.
std::size_t assignment(std::string_view word) {
  const auto equals = word.find('=');
  if (equals == std::string_view::npos || equals == 0 || text::is_digit(word.front()))
    return std::string_view::npos;
  const bool name = text::all_of(word.substr(0, equals),
                                 [](char c) { return text::is_alphanumeric(c) || c == '_'; });
  return name ? equals : std::string_view::npos;
}

}  // namespace

Result<std::vector<std::string>> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool in_word = false;
  char quote = '\0';
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '\\' && quote != '\'' && i + 1 < text.size()) {
      const char next = text[++i];
      const bool stays = quote == '"' && next != '"' && next != '\\' && next != '$' && next != '`';
      if (stays) word += c;
      word += next;
      in_word = true;
    } else if (quote != '\0') {
      if (c == quote) {
        quote = '\0';
      } else {
        word += c;
      }
    } else if (c == '\'' || c == '"') {
      quote = c;
      in_word = true;
    } else if (is_space(c)) {
      if (in_word) words.push_back(std::exchange(word, {}));
      in_word = false;
    } else {
      word += c;
      in_word = true;
    }
  }
  if (quote != '\0') {
    return fail(ErrorKind::InvalidArgument, fmt::format("a quote is not closed: {}", text));
  }
  if (in_word) words.push_back(std::move(word));
  return words;
}

ShellCommand shell_command(std::string_view text) {
  ShellCommand result;
  auto words = has_shell_syntax(text) ? std::vector<std::string>()
                                      : split_words(text).value_or(std::vector<std::string>());
  auto word = words.begin();
  while (word != words.end()) {
    const auto equals = assignment(*word);
    if (equals == std::string::npos) break;
    result.environment[word->substr(0, equals)] = word->substr(equals + 1);
    ++word;
  }
  if (word != words.end() && *word == "exec") ++word;
  if (word == words.end() || is_builtin(*word)) {
    result.environment.clear();
    result.command = {"sh", "-c", std::string(text)};
    result.needs_shell = true;
    return result;
  }
  result.command.assign(word, words.end());
  return result;
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && !text::is_digit(name.front()) &&
         text::all_of(name, [](char c) { return text::is_alphanumeric(c) || c == '_'; });
}

std::string normal_path(const std::string& path) {
  const auto variables = path.rfind('}');
  if (path.find("${") == std::string::npos || variables == std::string::npos)
    return std::filesystem::path(path).lexically_normal().native();
  const std::string rest =
      std::filesystem::path(path.substr(variables + 1)).lexically_normal().native();
  // "${ROOT}/../x" is left as it is.
  const bool within = rest.empty() || (rest.starts_with('/') && !rest.starts_with("/.."));
  const bool climbs = path.substr(variables + 1).find("..") != std::string::npos;
  return within && !climbs ? path.substr(0, variables + 1) + rest : path;
}

std::string shell_quoted(std::string_view word) {
  const bool harmless = !word.empty() && text::all_of(word, [](char c) {
    return text::is_alphanumeric(c) ||
           std::string_view("-_./:=,+@%^").find(c) != std::string_view::npos;
  });
  if (harmless) return std::string(word);
  std::string out = "'";
  for (const char c : word)
    out += c == '\'' ? "'\\''" : std::string(1, c);
  return out + "'";
}

}  // namespace holdfast::supervisor::importer
