// SPDX-License-Identifier: Apache-2.0
#include "tests/integration/docs/console.hpp"

#include "tests/support/process.hpp"

#include <filesystem>
#include <fstream>
#include <regex>
#include <sstream>
#include <stdexcept>

namespace holdfast::test {

namespace {

const std::string kMark = "\x01";

// What differs from run to run, by its shape.
std::string normalized(std::string text) {
  static const std::vector<std::pair<std::regex, std::string>> kShapes{
      {std::regex("[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<uuid>"},
      {std::regex("00-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}"), "<trace>"},
      {std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)"), "<time>"},
      {std::regex(R"([A-Z][a-z]{2}, \d\d [A-Z][a-z]{2} \d{4} \d\d:\d\d:\d\d GMT)"), "<date>"},
      {std::regex("-(pending|ready|failed)-[0-9a-f]+"), "<tag>"},
      {std::regex(R"(\b\d+\.\d+\b(?!\.\d))"), "<number>"},
      {std::regex("\r\n"), "\n"},
  };
  // A version is no fraction: it is what the page says.
  static const std::regex kVersion(R"((HTTP/1\.1|^3\.1\.\d|"version":"[^"]*"))");
  std::string out;
  for (std::smatch match; std::regex_search(text, match, kVersion);) {
    std::string before = match.prefix();
    for (const auto& [shape, name] : kShapes)
      before = std::regex_replace(before, shape, name);
    out += before + match.str();
    text = match.suffix();
  }
  for (const auto& [shape, name] : kShapes)
    text = std::regex_replace(text, shape, name);
  out += text;
  while (out.ends_with('\n'))
    out.pop_back();
  return out;
}

}  // namespace

std::vector<Command> commands_of(const std::string& markdown) {
  std::vector<Command> commands;
  std::istringstream lines(markdown);
  bool inside = false;
  bool continues = false;
  int number = 0;
  bool first = false;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    const std::string place = "line " + std::to_string(number);
    if (line.starts_with("```")) {
      first = !inside && line == "```console";
      inside = first;
      continue;
    }
    if (!inside) continue;
    if (continues) {
      commands.back().text += "\n" + line;
      continues = line.ends_with('\\');
    } else if (line.starts_with("$ ")) {
      commands.push_back({number, line.substr(2), ""});
      continues = line.ends_with('\\');
    } else if (first) {
      throw std::runtime_error(place + ": a console block begins with output");
    } else {
      commands.back().output += line + "\n";
    }
    first = false;
  }
  if (inside) throw std::runtime_error("the last console block is not closed");
  return commands;
}

bool shows(const std::string& shown, const std::string& output) {
  const std::string expected = normalized(shown);
  const std::string actual = normalized(output);
  const std::string wildcard = "…";
  std::size_t at = 0;
  std::size_t begin = 0;
  for (bool anchored = true;; anchored = false) {
    const std::size_t end = expected.find(wildcard, begin);
    const std::string piece = expected.substr(begin, end - begin);
    if (end == std::string::npos) {  // the last piece ends the output
      if (anchored) return actual == piece;
      return actual.size() - at >= piece.size() && actual.ends_with(piece);
    }
    const std::size_t found = actual.find(piece, at);
    if (found == std::string::npos || (anchored && found != 0)) return false;
    at = found + piece.size();
    begin = end + wildcard.size();
  }
}

std::vector<std::string> run_commands(const std::vector<Command>& commands,
                                      const std::string& prologue, const std::string& directory) {
  const std::string script = directory + "/session.sh";
  std::ofstream out(script, std::ios::trunc);
  out << prologue << "\n";
  for (const Command& command : commands)
    out << "printf '\\001'\n" << command.text << "\n";
  out.close();
  const std::string log = directory + "/session.log";
  std::filesystem::remove(log);
  Process shell({"/bin/bash", script}, {}, log);
  shell.wait(std::chrono::seconds(120));
  const std::string all = shell.output();
  std::vector<std::string> outputs;
  for (std::size_t at = all.find(kMark); at != std::string::npos;) {
    const std::size_t next = all.find(kMark, at + 1);
    outputs.push_back(all.substr(at + 1, next == std::string::npos ? next : next - at - 1));
    at = next;
  }
  if (outputs.size() != commands.size())
    throw std::runtime_error("the session ended early:\n" + all);
  return outputs;
}

}  // namespace holdfast::test
