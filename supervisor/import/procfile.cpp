// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/procfile.hpp"

#include "common/text/ascii.hpp"
#include "supervisor/import/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::importer {

namespace {

// foreman's: the first process type gets 5000, the next 5100, …
constexpr std::int64_t kFirstPort = 5000;
constexpr std::int64_t kPortStep = 100;
// Heroku runs it to its end before it starts a new release.
constexpr std::string_view kRelease = "release";

struct Line {
  int number = 0;
  std::string name;
  std::string command;
};

bool is_name(std::string_view text) {
  return !text.empty() && text::all_of(text, [](char c) {
    return text::is_alphanumeric(c) || c == '_' || c == '-' || c == '.';
  });
}

std::vector<Line> lines_of(const std::string& text, Stack& stack) {
  std::vector<Line> lines;
  int number = 0;
  std::string_view rest = text;
  while (!rest.empty()) {
    const auto end = rest.find('\n');
    const std::string_view line = text::trim(rest.substr(0, end));
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
    ++number;
    if (line.empty()) continue;
    if (line.front() == '#') {
      stack.top.comment(std::string(text::trim(line.substr(1))));
      continue;
    }
    const auto colon = line.find(':');
    const std::string_view name = text::trim(line.substr(0, colon));
    const std::string_view command =
        colon == std::string_view::npos ? "" : text::trim(line.substr(colon + 1));
    if (!is_name(name) || command.empty()) {
      stack.top.leave_out(fmt::format("line {}: {}", number, line), "it is no NAME: COMMAND");
    } else {
      lines.push_back({number, std::string(name), std::string(command)});
    }
  }
  return lines;
}

// A program that is named by a path is beside the Procfile, not where the supervisor was started.
std::string from_directory(const std::string& program, const std::filesystem::path& directory) {
  const bool relative = program.find('/') != std::string::npos && program.front() != '/';
  return relative ? (directory / program).lexically_normal().native() : program;
}

}  // namespace

std::vector<std::filesystem::path> files_beside_procfile(const Source& source) {
  return {source.path.parent_path() / ".env"};
}

void import_procfile(const Source& source, const Machine& machine, Stack& stack) {
  const std::filesystem::path directory = source.path.parent_path();
  const std::filesystem::path env_file = directory / ".env";
  const std::vector<Line> lines = lines_of(source.text, stack);
  std::vector<Line> ordered = lines;
  std::stable_partition(ordered.begin(), ordered.end(),
                        [](const Line& line) { return line.name == kRelease; });
  std::vector<std::string> releases;  // their names, one after the other

  std::int64_t port = kFirstPort;
  for (const Line& line : ordered) {
    Section& program = stack.add_program(line.name);
    const bool is_release = line.name == kRelease;
    ShellCommand shell = shell_command(line.command);
    if (shell.needs_shell) program.comment("only a shell can run this command line");
    if (!shell.needs_shell)
      shell.command.front() = from_directory(shell.command.front(), directory);
    for (std::string& word : shell.command)
      word = plain(word);
    program.set_texts("command", shell.command);
    program.set_text("directory", plain(directory.native()));
    if (is_release) {
      program.comment("runs to its end before the others start");
      program.set_text("type", "oneshot");
    }
    if (!releases.empty()) program.set_texts("after", {releases.back()});
    if (is_release) {
      releases.push_back(program.name().substr(std::string_view("program.").size()));
    } else {
      // A port that the command line itself sets stays.
      const std::string& used = shell.environment.try_emplace("PORT", "{port}").first->second;
      program.comment("it is running as soon as it was started; better, if it serves HTTP:");
      program.comment(fmt::format("ready = \"http://127.0.0.1:{}/\"", used));
      program.set_text("ready", "started");
      if (used == "{port}") program.set_number("port", port);
      port += kPortStep;
    }
    if (!shell.environment.empty()) {
      for (auto& [name, value] : shell.environment)
        value = name == "PORT" ? value : plain(value);
      program.set_environment(shell.environment);
    }
    if (machine.files.contains(env_file)) program.set_text("env_file", plain(env_file.native()));
  }
}

}  // namespace holdfast::supervisor::importer
