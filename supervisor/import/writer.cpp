// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/writer.hpp"

#include "common/config/load.hpp"
#include "common/text/terminal.hpp"

#include <fmt/format.h>

#include <array>
#include <map>

namespace holdfast::supervisor::importer {

namespace {

using Lines = std::vector<std::string>;

// One line of TOML per key, so that a line can be taken out.
void append(Lines& lines, const Section& section) {
  if (!section.name().empty()) {
    lines.emplace_back();
    lines.push_back(fmt::format("[{}]", section.name()));
  }
  for (const Section::Entry& entry : section.entries()) {
    if (!entry.key.empty()) {
      lines.push_back(fmt::format("{} = {}", entry.key, entry.toml));
      continue;
    }
    std::string_view rest = entry.toml;
    while (true) {
      const auto end = rest.find('\n');
      lines.push_back("# " + text::for_terminal_line(rest.substr(0, end)));
      if (end == std::string_view::npos) break;
      rest.remove_prefix(end + 1);
    }
  }
}

std::string joined(const Lines& lines) {
  std::string text;
  for (const std::string& line : lines)
    text += line + '\n';
  return text;
}

// This value for every variable that the text uses, or for those alone that have no default.
config::Environ environment_of(std::string_view text, const std::string& value, bool defaults) {
  config::Environ environ;
  for (auto at = text.find("${"); at != std::string_view::npos; at = text.find("${", at + 2)) {
    const auto end = text.find_first_of(":-}\"", at + 2);
    if (end == std::string_view::npos || (defaults && text[end] != '}')) continue;
    environ.emplace(std::string(text.substr(at + 2, end - at - 2)), value);
  }
  return environ;
}

using Refused = std::map<int, std::string>;  // lines, with the reason

Refused refused_with(const std::string& text, const config::Environ& environ) {
  Refused refused;
  const auto loaded = config::load_text(text, "", environ);
  if (loaded) return refused;
  for (const config::ConfigProblem& problem : loaded.error()) {
    std::string reason = problem.message;
    const auto end = reason.find("] ");
    if (reason.starts_with('[') && end != std::string::npos) reason.erase(0, end + 2);
    refused.emplace(problem.line, std::move(reason));
  }
  return refused;
}

// What the variables will be is not known here: a line is refused if none of these fits.
Refused refused_lines(const std::string& text, bool defaults) {
  constexpr std::array<const char*, 4> kValues{"/x", "1", "true", "TERM"};
  Refused refused = refused_with(text, environment_of(text, kValues.front(), defaults));
  for (std::size_t i = 1; i < kValues.size() && !refused.empty(); ++i) {
    const Refused also = refused_with(text, environment_of(text, kValues.at(i), defaults));
    std::erase_if(refused, [&](const auto& one) { return !also.contains(one.first); });
  }
  return refused;
}

// Comments the lines out that are refused. Returns whether there were any.
bool take_out_refused(Lines& lines) {
  const std::string text = joined(lines);
  Refused refused = refused_lines(text, false);
  refused.merge(refused_lines(text, true));
  bool changed = false;
  for (auto one = refused.rbegin(); one != refused.rend(); ++one) {
    if (one->first < 1) continue;
    const std::size_t index = static_cast<std::size_t>(one->first) - 1;
    std::string& line = lines[index];
    const bool is_key = line.find(" = ") != std::string::npos && !line.starts_with('#') &&
                        !line.starts_with("command = ");
    if (!is_key) continue;
    line.insert(0, "# not taken over: ");
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(index), "# " + one->second);
    changed = true;
  }
  return changed;
}

}  // namespace

std::string write(const Stack& stack, const std::string& origin) {
  Lines lines{fmt::format("# Made of {} by holdfast import.", origin),
              "# Compare it with the original, then try it with: holdfast check-config FILE"};
  if (!stack.top.empty()) lines.emplace_back("#");
  append(lines, stack.top);
  if (!stack.log.empty()) append(lines, stack.log);
  for (const Section& program : stack.programs())
    append(lines, program);
  // Taking a key out can make another one wrong, but each round takes one out.
  constexpr int kRounds = 10;
  for (int round = 0; round < kRounds && take_out_refused(lines); ++round) {
  }
  return joined(lines);
}

}  // namespace holdfast::supervisor::importer
