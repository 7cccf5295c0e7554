// SPDX-License-Identifier: Apache-2.0
#include "common/command_line/parse_error.hpp"

#include "common/text/terminal.hpp"

#include <CLI/CLI.hpp>

#include <iostream>
#include <sstream>

namespace holdfast::command_line {

int report(const CLI::App& app, const CLI::Error& error) {
  std::ostringstream complaint;
  const int code = app.exit(error, std::cout, complaint);
  std::cerr << text::for_terminal(complaint.str());
  return code;
}

}  // namespace holdfast::command_line
