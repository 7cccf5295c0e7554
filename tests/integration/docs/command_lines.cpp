// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/docs/command_lines.hpp"

#include <algorithm>
#include <cctype>
#include <regex>
#include <set>
#include <sstream>

namespace holdfast::test {

namespace {

using Words = std::vector<std::string>;

bool is_program(const std::string& word) {
  static const std::set<std::string> programs{"holdfast", "holdfast-api-worker",
                                              "holdfast-queue-worker"};
  return programs.contains(word);
}

// Splits at the operators of a shell; a redirection ends the words of its command.
std::vector<Words> simple_commands(const std::string& line) {
  std::vector<Words> commands{{}};
  std::string word;
  bool begun = false;
  char quote = 0;
  const auto end_word = [&] {
    if (begun) commands.back().push_back(word);
    word.clear();
    begun = false;
  };
  for (std::size_t i = 0; i < line.size(); ++i) {
    const char c = line[i];
    if (quote != 0) {
      if (c == quote)
        quote = 0;
      else
        word += c;
    } else if (c == '\'' || c == '"') {
      quote = c;
      begun = true;
    } else if (c == '\\' && i + 1 < line.size()) {
      if (line[++i] == '\n') continue;
      word += line[i];
      begun = true;
    } else if (c == '#' && !begun) {
      break;
    } else if (std::string_view("|&;()<>").find(c) != std::string_view::npos) {
      // The number in "2>" belongs to the operator.
      if ((c == '<' || c == '>') && std::all_of(word.begin(), word.end(), ::isdigit)) begun = false;
      end_word();
      commands.emplace_back();
    } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
      end_word();
    } else {
      word += c;
      begun = true;
    }
  }
  end_word();
  return commands;
}

// Where the program of a simple command stands.
bool runs_at(const Words& words, std::size_t i) {
  if (!is_program(words[i])) return false;
  if (i == 0) return true;
  static const std::set<std::string> before{"until", "while", "if", "!", "--", "sudo"};
  const std::string& last = words[i - 1];
  static const std::regex assignment("[A-Z_]+=.*");
  if (before.contains(last) || std::regex_match(last, assignment)) return true;
  return last == "holdfast" && std::find(words.begin(), words.end(), "exec") != words.end();
}

void add(std::vector<Quoted>& all, int line, const std::string& text, bool in_text) {
  for (Words& words : holdfast_commands(text))
    all.push_back({line, std::move(words), in_text});
}

void add_inline(std::vector<Quoted>& all, int line, const std::string& text) {
  static const std::regex code("`(holdfast(?:-api-worker|-queue-worker)? [a-z-][^`]*)`");
  static const std::regex syntax(R"(\[|\.\.\.|…|\w\|\w)");
  for (std::sregex_iterator it(text.begin(), text.end(), code), end; it != end; ++it) {
    const std::string command = (*it)[1];
    if (!std::regex_search(command, syntax)) add(all, line, command, true);
  }
}

}  // namespace

std::vector<Words> holdfast_commands(const std::string& line) {
  std::vector<Words> found;
  for (const Words& words : simple_commands(line)) {
    for (std::size_t i = words.size(); i-- > 0;) {
      if (!runs_at(words, i)) continue;
      found.emplace_back(words.begin() + static_cast<std::ptrdiff_t>(i), words.end());
      break;
    }
  }
  return found;
}

std::vector<Quoted> quoted_commands(const std::string& markdown) {
  std::vector<Quoted> all;
  std::istringstream lines(markdown);
  bool inside = false;
  std::string language;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    const int first = ++number;
    if (line.starts_with("```")) {
      inside = !inside;
      language = line.substr(3);
      continue;
    }
    if (!inside) {
      add_inline(all, first, line);
      continue;
    }
    for (std::string more; line.ends_with('\\') && std::getline(lines, more); ++number)
      line += "\n" + more;
    const bool prompted = line.starts_with("$ ");
    if (language == "sh" || language == "bash")
      add(all, first, line, false);
    else if (prompted && (language == "console" || language.empty()))
      add(all, first, line.substr(2), false);
  }
  return all;
}

}  // namespace holdfast::test
