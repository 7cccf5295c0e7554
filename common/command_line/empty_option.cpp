// SPDX-License-Identifier: Apache-2.0
#include "common/command_line/empty_option.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace holdfast::command_line {

std::string refuse_empty_option(const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    const auto& values = option->results();
    if (std::find(values.begin(), values.end(), "") == values.end()) continue;
    return fmt::format("{}: the value is empty: give one, or leave the option out",
                       option->get_name());
  }
  for (const CLI::App* verb : app.get_subcommands()) {
    if (std::string wrong = refuse_empty_option(*verb); !wrong.empty()) return wrong;
  }
  return {};
}

}  // namespace holdfast::command_line
