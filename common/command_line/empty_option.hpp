// SPDX-License-Identifier: Apache-2.0
#pragma once

// An option or argument that was given an empty value. To the code behind it that is one that was
// not given, which for a filter means "all", and for an expiry "never": the variable of a script
// that is not set must not do that.
//
// Threads: one.

#include <string>

namespace CLI {
class App;
}

namespace holdfast::command_line {

// What is wrong with a command line that CLI11 has accepted, for the user; empty: nothing.
std::string refuse_empty_option(const CLI::App& app);

}  // namespace holdfast::command_line
