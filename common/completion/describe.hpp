// SPDX-License-Identifier: Apache-2.0
#pragma once

// A description of a command line that CLI11 parses. Threads: any.

#include "common/completion/scripts.hpp"

namespace CLI {
class App;
}

namespace holdfast::completion {

// Hidden commands are left out. What an operand or a value is is told by its name: NAME, FILE and
// SHELL; options that name a file or a directory are listed in describe.cpp.
CommandLineSpec describe(const CLI::App& app);

}  // namespace holdfast::completion
