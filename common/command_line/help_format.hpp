// SPDX-License-Identifier: Apache-2.0
#pragma once

// How `--help` shows options and arguments: `-n,--lines N`, `--since TIME`, `--scope {read,write}`,
// and not by the types that they have for the parser. The manual pages are made from it.
//
// Threads: one.

#include <memory>

namespace CLI {
class FormatterBase;
}

namespace holdfast::command_line {

// For CLI::App::formatter(), before subcommands are added: they take it over. The text of an
// argument's option_text() stands for the whole argument, in the usage line, too.
std::shared_ptr<CLI::FormatterBase> help_format();

}  // namespace holdfast::command_line
