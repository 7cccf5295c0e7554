// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/arguments.hpp"

#include "common/base/version.hpp"
#include "common/os/exit_codes.hpp"

#include <CLI/CLI.hpp>

#include <iostream>

namespace holdfast::supervisor::cli {

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 ok, 1 degraded or failed, 2 usage, 4 the supervisor cannot be reached;\n"
    "`run` also: 69 address or runtime directory taken, 73 cannot create, 78 configuration.\n";

CLI::Option* add_name(CLI::App& command, Arguments& arguments) {
  return command.add_option("NAME", arguments.name,
                            "A program (api-worker) or a worker (api-worker.0)");
}

void add_api_key(CLI::App& app, Arguments& arguments) {
  CLI::App* keys = app.add_subcommand("api-key", "Keys of the API's clients, in the store");
  keys->require_subcommand(1);
  const auto verb = [&](const char* name, const char* help, Verb value) {
    CLI::App* command = keys->add_subcommand(name, help);
    command->callback([&arguments, value] { arguments.verb = value; });
    return command;
  };
  CLI::App* create =
      verb("create", "Make a key and print it: it is shown this once", Verb::ApiKeyCreate);
  create->add_option("NAME", arguments.name, "Whose it is, for the listing")->required();
  create->add_option("--scope", arguments.scope, "What it may do; each includes the one before")
      ->check(CLI::IsMember({"read", "write", "admin"}))
      ->capture_default_str();
  create
      ->add_option("--rate-limit", arguments.rate_limit,
                   "Requests per rate_limit.window ([auth] rate_limit)")
      ->check(CLI::Range(1, 1'000'000'000));
  CLI::App* list = verb("list", "The keys, without what proves them", Verb::ApiKeyList);
  list->add_flag("--json", arguments.json, "A JSON array");
  CLI::App* revoke =
      verb("revoke", "Refuse a key from the next request on, for ever", Verb::ApiKeyRevoke);
  revoke->add_option("ID", arguments.name, "As the listing shows it")->required();
}

void declare(CLI::App& app, Arguments& arguments) {
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", std::string("holdfast ") + kVersion);
  app.add_option("-c,--config", arguments.config,
                 "Configuration file (HOLDFAST_CONFIG, /etc/holdfast/holdfast.toml)");

  const auto verb = [&](const char* name, const char* help, Verb value) {
    CLI::App* command = app.add_subcommand(name, help);
    command->callback([&arguments, value] { arguments.verb = value; });
    return command;
  };

  verb("run", "Run the stack in the foreground until SIGTERM or SIGINT", Verb::Run);

  CLI::App* status = verb("status", "What runs, as a table", Verb::Status);
  status->add_flag("--json", arguments.json, "The supervisor's JSON, as served on /status");
  status->add_flag("-w,--watch", arguments.watch, "Draw the table again each second");

  add_name(
      *verb("restart", "Restart without dropping a request: new one ready, then old one drained",
            Verb::Restart),
      arguments)
      ->required();
  add_name(*verb("stop", "Stop, and keep stopped", Verb::Stop), arguments)->required();
  add_name(*verb("start", "Start what was stopped, or try a failed one again now", Verb::Start),
           arguments)
      ->required();

  CLI::App* scale = verb("scale", "Change the number of a program's processes", Verb::Scale);
  add_name(*scale, arguments)->required();
  scale->add_option("COUNT", arguments.count, "How many")->required()->check(CLI::Range(0, 10000));

  verb("reload", "Read the configuration again and change only what changed", Verb::Reload);

  CLI::App* events = verb("events", "The last events of the fleet", Verb::Events);
  events->add_flag("-f,--follow", arguments.follow, "Wait for more");
  events->add_flag("--json", arguments.json, "One JSON object per line");
  events->add_option("-n,--lines", arguments.lines, "How many to begin with")
      ->check(CLI::Range(0, 1000));

  CLI::App* logs = verb("logs", "The last lines of the log, of all or of one", Verb::Logs);
  add_name(*logs, arguments);
  logs->add_flag("-f,--follow", arguments.follow, "Wait for more");
  logs->add_option("-n,--lines", arguments.lines, "How many to begin with")
      ->check(CLI::Range(0, 100000));

  CLI::App* health = verb("health", "Ask for health: exit code 0 or 1", Verb::Health);
  health->add_flag("--ready", arguments.ready, "Whether the stack is ready for traffic");

  CLI::App* check =
      verb("check-config", "Read the configuration and print the result", Verb::CheckConfig);
  check->add_option("FILE", arguments.config, "The file to check");

  CLI::App* completion =
      verb("completion", "Print a completion script for a shell", Verb::Completion);
  completion->add_option("SHELL", arguments.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));

  add_api_key(app, arguments);

  verb("version", "Print the version", Verb::Version);
  // For the completion scripts: what NAME can be.
  verb("names", "Print the names of programs and workers", Verb::Names)->group("");
}

OptionSpec describe(const CLI::Option& option) {
  OptionSpec spec;
  for (const std::string& name : option.get_snames())
    spec.flags.push_back("-" + name);
  for (const std::string& name : option.get_lnames())
    spec.flags.push_back("--" + name);
  spec.help = option.get_description();
  if (option.get_items_expected_max() > 0) {
    spec.value = option.check_lname("config") ? OptionSpec::Value::File : OptionSpec::Value::Any;
  }
  return spec;
}

CommandSpec::Operand operand_of(const CLI::Option& option) {
  if (option.get_name() == "NAME") return CommandSpec::Operand::Name;
  if (option.get_name() == "FILE") return CommandSpec::Operand::File;
  return option.get_name() == "SHELL" ? CommandSpec::Operand::Shell : CommandSpec::Operand::None;
}

CommandLineSpec describe(const CLI::App& app) {
  CommandLineSpec spec;
  for (const CLI::Option* option : app.get_options())
    spec.options.push_back(describe(*option));
  for (const CLI::App* command : app.get_subcommands({})) {
    if (command->get_group().empty()) continue;
    CommandSpec one{command->get_name(), command->get_description(), {}, {}};
    for (const CLI::Option* option : command->get_options()) {
      if (!option->get_positional()) {
        one.options.push_back(describe(*option));
      } else if (one.operand == CommandSpec::Operand::None) {
        one.operand = operand_of(*option);
      }
    }
    spec.commands.push_back(std::move(one));
  }
  return spec;
}

}  // namespace

CommandLineSpec command_line_spec() {
  Arguments arguments;
  CLI::App app{"", "holdfast"};
  declare(app, arguments);
  return describe(app);
}

Parsed parse_arguments(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Runs an API and its queue workers as one supervised stack.", "holdfast"};
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = app.exit(error, std::cout, std::cerr);
    return {std::nullopt, code == 0 ? exit_code::kOk : exit_code::kUsage};
  }
  return {arguments, exit_code::kOk};
}

}  // namespace holdfast::supervisor::cli
