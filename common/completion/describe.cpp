// SPDX-License-Identifier: Apache-2.0
#include "common/completion/describe.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <array>

namespace holdfast::completion {

namespace {

constexpr std::array kFileOptions{"config", "directory", "output"};

OptionSpec describe_option(const CLI::Option& option) {
  OptionSpec spec;
  for (const std::string& name : option.get_snames())
    spec.flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames())
    spec.flags.push_back("--" + name);
  spec.help = option.get_description();
  if (option.get_items_expected_max() > 0) {
    const bool file = std::any_of(kFileOptions.begin(), kFileOptions.end(),
                                  [&](const char* name) { return option.check_lname(name); });
    spec.value = file ? OptionSpec::Value::File : OptionSpec::Value::Any;
  }
  return spec;
}

CommandSpec::Operand operand_of(const CLI::Option& option) {
  if (option.get_name() == "NAME") return CommandSpec::Operand::Name;
  if (option.get_name() == "FILE") return CommandSpec::Operand::File;
  return option.get_name() == "SHELL" ? CommandSpec::Operand::Shell : CommandSpec::Operand::None;
}

// Those of a command and of what is inside it ("create" of "api-key") are offered together.
void add_options(CommandSpec& command, const CLI::App& app) {
  for (const CLI::Option* option : app.get_options()) {
    if (option->get_positional()) {
      if (command.operand == CommandSpec::Operand::None) command.operand = operand_of(*option);
      continue;
    }
    OptionSpec described = describe_option(*option);
    const bool known =
        std::any_of(command.options.begin(), command.options.end(),
                    [&](const OptionSpec& other) { return other.flags == described.flags; });
    if (!known) command.options.push_back(std::move(described));
  }
}

}  // namespace

CommandLineSpec describe(const CLI::App& app) {
  CommandLineSpec spec;
  spec.program = app.get_name();
  for (const CLI::Option* option : app.get_options())
    spec.options.push_back(describe_option(*option));
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_group().empty()) continue;
    CommandSpec one{command->get_name(), command->get_description(), {}, {}};
    add_options(one, *command);
    for (const CLI::App* inner : command->get_subcommands({})) {
      one.subcommands.push_back(inner->get_name());
      add_options(one, *inner);
    }
    spec.commands.push_back(std::move(one));
  }
  return spec;
}

}  // namespace holdfast::completion
