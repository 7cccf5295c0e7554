// SPDX-License-Identifier: Apache-2.0
#pragma once

// Completion scripts for bash, zsh and fish, generated from the description of the command line, so
// that they cannot fall out of date. Where a command takes a NAME, the script asks the program for
// the names that there are, by its hidden command `names`.
//
// Threads: any; pure.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::completion {

struct OptionSpec {
  std::vector<std::string> flags;  // "-f", "--follow"
  std::string help;
  enum class Value { None, Any, File } value = Value::None;
};

struct CommandSpec {
  std::string name;
  std::string help;
  std::vector<OptionSpec> options;
  enum class Operand { None, Name, File, Shell } operand = Operand::None;
  std::vector<std::string> subcommands = {};  // "show", or the levels of log-level
};

struct CommandLineSpec {
  std::string program;              // "holdfast-queue-worker"
  std::vector<OptionSpec> options;  // common to all commands
  std::vector<CommandSpec> commands;
};

enum class Shell { Bash, Zsh, Fish };
std::optional<Shell> shell_by_name(std::string_view name);

std::string script(Shell shell, const CommandLineSpec& spec);

}  // namespace holdfast::completion
