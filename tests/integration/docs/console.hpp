// SPDX-License-Identifier: Apache-2.0
#pragma once

// Shell sessions in Markdown: the ```console blocks of a page, in which "$ " begins a command (a
// line that ends in a backslash goes on) and what follows is its output.

#include <string>
#include <vector>

namespace holdfast::test {

struct Command {
  int line = 0;  // of the page
  std::string text;
  std::string output;
};

// Throws for a block that is not closed or begins with output.
std::vector<Command> commands_of(const std::string& markdown);

// Whether the output is what the page shows. "…" in `shown` stands for any text; ids, times,
// traces, entity tags and fractions are compared by their shape alone.
bool shows(const std::string& shown, const std::string& output);

// One shell for all commands, in order. After each comes its output, standard error included.
std::vector<std::string> run_commands(const std::vector<Command>& commands,
                                      const std::string& prologue, const std::string& directory);

}  // namespace holdfast::test
