// SPDX-License-Identifier: Apache-2.0
#pragma once

// Command lines and lists of words as systemd's units have them. Threads: pure functions.

#include "common/base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::importer {

// Splits at white space outside of quotes, removes the quotes and reads the escape sequences of
// systemd.syntax(7), in quotes of either kind too. InvalidArgument: a quote is not closed.
Result<std::vector<std::string>> unit_words(std::string_view text);

struct UnitCommand {
  std::string source;  // as it stands in the unit
  std::vector<std::string> words;
};

// The same, and a ';' that is a word of its own begins another command.
Result<std::vector<UnitCommand>> unit_commands(std::string_view text);

// A word of a command: ${NAME} is replaced anywhere in it, $NAME only if it is the whole word, "$$"
// is one '$', and every other '$' stays.
struct CommandWord {
  std::string text;       // if it has no variables
  std::string for_shell;  // which replaces the variables, as Holdfast does not
  bool has_variables = false;
};

CommandWord command_word(std::string_view word);

}  // namespace holdfast::supervisor::importer
