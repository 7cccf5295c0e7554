// SPDX-License-Identifier: Apache-2.0
#pragma once

// Command lines as other supervisors write them. Threads: pure functions.

#include "common/base/result.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::importer {

// Splits at white space outside of quotes and removes the quotes, as a shell does and nothing else
// of what a shell does. InvalidArgument: a quote is not closed.
Result<std::vector<std::string>> split_words(std::string_view text);

// A command line for a shell.
struct ShellCommand {
  std::map<std::string, std::string> environment;  // VAR=value before the command
  std::vector<std::string> command;                // ["sh", "-c", …] if only a shell can run it
  bool needs_shell = false;
};
// Texts are plain: without variables of Holdfast's.
ShellCommand shell_command(std::string_view text);

// Of the environment.
bool is_variable_name(std::string_view name);

// Without "." and "..", unless a variable may have some of its directories.
std::string normal_path(const std::string& path);

// A word as a shell reads it.
std::string shell_quoted(std::string_view word);

}  // namespace holdfast::supervisor::importer
