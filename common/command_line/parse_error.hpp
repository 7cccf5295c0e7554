// SPDX-License-Identifier: Apache-2.0
#pragma once

// What CLI11 says of a command line: help to standard output, complaints, which quote the words
// that they are about, to standard error and fit for a terminal.
//
// Threads: one.

namespace CLI {
class App;
class Error;
}  // namespace CLI

namespace holdfast::command_line {

// Returns 0 for help.
int report(const CLI::App& app, const CLI::Error& error);

}  // namespace holdfast::command_line
