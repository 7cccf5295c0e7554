// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/arguments.hpp"

#include "common/base/version.hpp"
#include "common/command_line/empty_option.hpp"
#include "common/command_line/help_format.hpp"
#include "common/command_line/output.hpp"
#include "common/command_line/parse_error.hpp"
#include "common/completion/describe.hpp"
#include "common/config/suggest.hpp"
#include "common/os/exit_codes.hpp"
#include "common/text/number.hpp"
#include "common/text/terminal.hpp"
#include "supervisor/import/detect.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <iostream>

namespace holdfast::supervisor::cli {

namespace {

constexpr const char* kFooter =
    "Exit codes: 0 success, 1 degraded or failed, 2 usage error, 4 supervisor not reachable.\n"
    "`run` also: 69 address or runtime directory in use, 70 internal or unrecoverable failure,\n"
    "73 cannot create a file or socket, 78 invalid configuration.\n";

// What to say if the command line names no command, or one that does not exist; else "".
std::string unknown_command(const CLI::App& app, int argc, char** argv) {
  if (!app.get_subcommands().empty()) return {};
  if (argc < 2) return app.help();
  std::vector<std::string> known;
  for (const CLI::App* command : app.get_subcommands({}))
    known.push_back(command->get_name());
  const std::vector<std::string> unparsed = app.remaining();
  const std::string word = unparsed.empty() ? argv[argc - 1] : unparsed.front();
  return fmt::format("holdfast: there is no command '{}'{}\nRun with --help for a list of them.\n",
                     word, config::did_you_mean(word, known));
}

std::vector<std::string> level_names() {
  return {"trace", "debug", "info", "warn", "error"};
}

CLI::Option* add_names(CLI::App& command, Arguments& arguments) {
  return command.add_option(
      "NAME", arguments.names,
      "Programs (api-worker), workers (api-worker.0), globs ('web*'), group:NAME or all");
}

// Names and one word more. To CLI11 that is a name, too: of several positional options only the
// last may take any number of words. See take_last_word().
void add_names_and_word(CLI::App& command, Arguments& arguments, const std::string& word,
                        const std::string& help) {
  CLI::Option* names = add_names(command, arguments);
  names->required()->expected(2, -1)->option_text("NAME... " + word);
  names->description(names->get_description() + "; " + help);
}

// What is wrong with it; else "".
std::string take_last_word(Arguments& arguments) {
  if (arguments.verb != Verb::Scale && arguments.verb != Verb::Signal) return {};
  const std::string word = std::move(arguments.names.back());
  arguments.names.pop_back();
  if (arguments.verb == Verb::Signal) {
    arguments.signal = word;
    return {};
  }
  constexpr std::uint32_t kMost = 10'000;
  const auto count = text::parse_number<std::uint32_t>(word);
  if (!count || *count > kMost)
    return fmt::format("holdfast: COUNT: '{}' is not a number from 0 to {}\n", word, kMost);
  arguments.count = *count;
  return {};
}

// What is wrong with the arguments of log-level; else "". Its last name is the level.
std::string take_level(Arguments& arguments) {
  if (arguments.verb != Verb::LogLevel || arguments.reset) return {};
  const std::vector<std::string> known = level_names();
  const std::string word = arguments.names.empty() ? std::string() : arguments.names.back();
  if (std::find(known.begin(), known.end(), word) == known.end()) {
    return fmt::format(
        "holdfast: LEVEL: {} trace, debug, info, warn and error{}\n",
        word.empty() ? "is missing: one of" : fmt::format("'{}' is not one of", word),
        word.empty() ? "" : config::did_you_mean(word, known));
  }
  arguments.names.pop_back();
  arguments.level = word;
  return {};
}

// `crashes show ID` is a command of its own; all other words are names.
void add_crashes(CLI::App& crashes, Arguments& arguments) {
  add_names(crashes, arguments);
  crashes.add_flag("--json", arguments.json, "Print JSON");
  crashes.add_option("-n,--lines", arguments.lines, "Number of crashes to list")
      ->check(CLI::Range(1, 10'000));
  CLI::App* show =
      crashes.add_subcommand("show", "Show a whole report: stack, last log lines, ids");
  show->add_option("ID", arguments.name, "As listed, or: latest")->required();
  show->add_flag("--json", arguments.json, "Print JSON");
  crashes.callback(
      [&arguments, show] { arguments.verb = show->parsed() ? Verb::CrashShow : Verb::Crashes; });
}

void add_no_wait(CLI::App& command, Arguments& arguments) {
  command.add_flag("--no-wait", arguments.no_wait,
                   "Return as soon as the work has begun, not when it is done");
}

void add_api_key(CLI::App& app, Arguments& arguments) {
  CLI::App* keys = app.add_subcommand("api-key", "Manage the keys of API clients");
  keys->require_subcommand(1);
  const auto verb = [&](const char* name, const char* help, Verb value) {
    CLI::App* command = keys->add_subcommand(name, help);
    command->callback([&arguments, value] { arguments.verb = value; });
    return command;
  };
  CLI::App* create =
      verb("create", "Create a key and print it; it is shown only once", Verb::ApiKeyCreate);
  create->add_option("NAME", arguments.name, "Name of the key's owner, shown by list")->required();
  create
      ->add_option("--scope", arguments.scope,
                   "Permissions: read, write (includes read) or admin (includes both)")
      ->check(CLI::IsMember({"read", "write", "admin"}))
      ->capture_default_str();
  create
      ->add_option("--rate-limit", arguments.rate_limit,
                   "Requests per [rate_limit] window; default: [auth] rate_limit")
      ->check(CLI::Range(1, 1'000'000'000));
  create
      ->add_option("--expires", arguments.expires,
                   "When it stops being valid: 2027-01-31, 2027-01-31T12:00:00Z or, from now, "
                   "90d; default: never")
      ->type_name("TIME");
  CLI::App* rotate = verb("rotate",
                          "Create a key that takes the place of another, which stays valid for a "
                          "while, and print it",
                          Verb::ApiKeyRotate);
  rotate->add_option("ID", arguments.name, "ID of the key to replace, as shown by list")
      ->required();
  rotate
      ->add_option("--overlap", arguments.overlap,
                   "How long the old key stays valid; 0s: not at all")
      ->type_name("DURATION")
      ->capture_default_str();
  rotate
      ->add_option("--expires", arguments.expires,
                   "When the new key stops being valid, as for create; default: the old key's "
                   "lifetime again")
      ->type_name("TIME");
  CLI::App* list = verb("list", "List keys (secrets are not shown)", Verb::ApiKeyList);
  list->add_flag("--json", arguments.json, "Print a JSON array");
  CLI::App* revoke = verb("revoke", "Revoke a key permanently, effective with the next request",
                          Verb::ApiKeyRevoke);
  revoke->add_option("ID", arguments.name, "ID of the key, as shown by list")->required();
}

void add_alerts(CLI::App& app, Arguments& arguments) {
  CLI::App* alerts = app.add_subcommand(
      "alerts", "Show the alerts that fire; exit code 1 if any of them is not silenced");
  alerts->add_flag("--history", arguments.history,
                   "Those that have been resolved, the newest first");
  alerts->add_flag("--json", arguments.json, "Print a JSON document of all of them");
  alerts->require_subcommand(0, 1);
  const auto verb = [&](const char* name, const char* help, Verb value) {
    CLI::App* command = alerts->add_subcommand(name, help);
    command->callback([&arguments, value] { arguments.verb = value; });
    command->add_option("ALERT", arguments.name, "HoldfastWorkerCrashed, or a glob")->required();
    command
        ->add_option("--target", arguments.target,
                     "Only of this program, worker or queue; default: of every one")
        ->type_name("NAME");
    return command;
  };
  CLI::App* silence = verb("silence", "Tell nobody of an alert for a while", Verb::AlertsSilence);
  silence->add_option("DURATION", arguments.length, "For how long: 30m, 2h or 1d")->required();
  verb("unsilence", "End a silence", Verb::AlertsUnsilence);
  alerts->callback([&arguments, alerts] {
    if (alerts->get_subcommands().empty()) arguments.verb = Verb::Alerts;
  });
}

void add_alert(CLI::App& app, Arguments& arguments) {
  CLI::App* alert = app.add_subcommand("alert", "Try out the receivers of alerts");
  alert->require_subcommand(1);
  CLI::App* test = alert->add_subcommand(
      "test",
      "Send a test message, and print what was sent and answered; exit code 1 if one failed");
  test->callback([&arguments] { arguments.verb = Verb::AlertTest; });
  test->add_option("--receiver", arguments.receiver,
                   "The NAME of one [alert_receiver.NAME]; default: all")
      ->type_name("NAME");
  test->add_flag("--json", arguments.json, "Print a JSON document");
}

void declare(CLI::App& app, Arguments& arguments) {
  app.formatter(command_line::help_format());
  app.footer(kFooter);
  app.require_subcommand(1);
  app.fallthrough();
  app.set_version_flag("--version", std::string("holdfast ") + kVersion);
  app.add_option("-c,--config", arguments.config,
                 "Configuration file (HOLDFAST_CONFIG, /etc/holdfast/holdfast.toml)")
      ->type_name("FILE");

  const auto verb = [&](const char* name, const char* help, Verb value) {
    CLI::App* command = app.add_subcommand(name, help);
    command->callback([&arguments, value] { arguments.verb = value; });
    return command;
  };

  CLI::App* run = verb("run", "Run the stack in the foreground until SIGTERM or SIGINT", Verb::Run);
  run->add_flag("--watch", arguments.watch,
                "Restart programs when files change that they watch; without it only in the "
                "development environment");

  CLI::App* status = verb("status", "Show what is running", Verb::Status);
  add_names(*status, arguments);
  status->add_flag("--json", arguments.json, "Print the JSON document of /status");
  status->add_flag("-w,--watch", arguments.watch, "Redraw the table every second");

  CLI::App* restart =
      verb("restart", "Restart without dropping requests: start new workers, then drain old ones",
           Verb::Restart);
  CLI::App* stop = verb("stop", "Stop a program or worker until it is started again", Verb::Stop);
  CLI::App* start =
      verb("start", "Start what was stopped, or retry a failed worker now", Verb::Start);
  for (CLI::App* command : {restart, stop, start}) {
    add_names(*command, arguments)->required();
    add_no_wait(*command, arguments);
  }

  CLI::App* scale = verb("scale", "Change the number of workers of a program", Verb::Scale);
  add_names_and_word(*scale, arguments, "COUNT", "COUNT: the number of workers");
  add_no_wait(*scale, arguments);

  CLI::App* signal =
      verb("signal", "Send a signal to the processes of programs or workers", Verb::Signal);
  add_names_and_word(*signal, arguments, "SIGNAL", "SIGNAL: HUP, SIGUSR1, RTMIN+1 or a number");

  add_no_wait(*verb("reload", "Reload the configuration and apply what changed", Verb::Reload),
              arguments);

  CLI::App* events = verb("events", "Show the latest events of the fleet", Verb::Events);
  events->add_flag("-f,--follow", arguments.follow, "Follow: print new ones as they appear");
  events->add_flag("--json", arguments.json, "Print one JSON object per line");
  events->add_option("-n,--lines", arguments.lines, "Number of events to show first")
      ->check(CLI::Range(0, 1000));

  CLI::App* logs = verb("logs", "Show the latest log lines, of all workers or some", Verb::Logs);
  add_names(*logs, arguments);
  logs->add_flag("-f,--follow", arguments.follow, "Follow: print new ones as they appear");
  logs->add_option("-n,--lines", arguments.log_lines,
                   "Number of lines to show first; default: 50, or all --since a time")
      ->check(CLI::Range(0, 100000));
  logs->add_option("--since", arguments.since,
                   "Only lines from then on: 10m (so long ago), 2026-11-29T10:00:00Z or "
                   "'2026-11-29 10:00' (UTC)")
      ->type_name("TIME");
  logs->add_option("--until", arguments.until, "Only lines before then")->type_name("TIME");
  logs->add_option("--level", arguments.level, "Only lines of this level and above")
      ->check(CLI::IsMember(level_names()));
  logs->add_option("--grep", arguments.grep,
                   "Only lines in which this regular expression (RE2) matches")
      ->type_name("PATTERN");
  logs->add_option("--request-id", arguments.request_id,
                   "Only lines of this request, in all processes")
      ->type_name("ID");
  logs->add_flag("--json", arguments.json,
                 "Print the lines as they are in the log, on a terminal too");

  CLI::App* log_level =
      verb("log-level", "Change the log level of Holdfast's workers until the next reload",
           Verb::LogLevel);
  CLI::Option* log_names = add_names(*log_level, arguments);
  log_names->option_text("[NAME...] LEVEL");
  log_names->description(log_names->get_description() +
                         "; holdfast: the supervisor. None: all of these. LEVEL: trace, debug, "
                         "info, warn or error");
  log_level->add_flag("--reset", arguments.reset, "Return to the level that is configured");

  add_crashes(*verb("crashes", "List the crashes of workers, or show one of them", Verb::Crashes),
              arguments);

  CLI::App* health = verb("health", "Check health: exit code 0 or 1", Verb::Health);
  health->add_flag("--ready", arguments.ready, "Check whether the stack is ready for traffic");

  CLI::App* check =
      verb("check-config", "Validate the configuration and print the result", Verb::CheckConfig);
  check->add_option("FILE", arguments.config, "File to check");
  check->add_flag("--diff", arguments.diff,
                  "Show what a reload of this file would change of what runs; exit code 1 if "
                  "anything");

  CLI::App* imports =
      verb("import", "Turn another supervisor's file into a holdfast.toml", Verb::Import);
  imports
      ->add_option("FILE", arguments.file,
                   "A Procfile, supervisord.conf, PM2 ecosystem file or systemd unit")
      ->required();
  imports->add_option("--from", arguments.from, "The kind of file; default: as it looks")
      ->check(CLI::IsMember(importer::kind_names()));
  imports->add_option("-o,--output", arguments.output, "A file to create; default: standard output")
      ->type_name("FILE");

  CLI::App* notify =
      verb("notify", "Tell the supervisor about this worker (for scripts)", Verb::Notify);
  notify
      ->add_option("ASSIGNMENT", arguments.assignments,
                   "READY=1, STATUS=text, WATCHDOG=1, EXTEND_TIMEOUT_USEC=n or STOPPING=1")
      ->required();

  CLI::App* completion =
      verb("completion", "Print a completion script for a shell", Verb::Completion);
  completion->add_option("SHELL", arguments.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));

  add_alerts(app, arguments);
  add_api_key(app, arguments);
  add_alert(app, arguments);

  verb("version", "Print the version", Verb::Version);
  // Hidden; completion scripts use it to complete NAME.
  verb("names", "Print the names of programs and workers", Verb::Names)->group("");
}

}  // namespace

completion::CommandLineSpec command_line_spec() {
  Arguments arguments;
  CLI::App app{"", "holdfast"};
  declare(app, arguments);
  completion::CommandLineSpec spec = completion::describe(app);
  for (completion::CommandSpec& command : spec.commands) {
    if (command.name == "log-level") command.subcommands = level_names();
  }
  return spec;
}

Parsed parse_arguments(int argc, char** argv) {
  Arguments arguments;
  CLI::App app{"Runs an API and its queue workers as one supervised stack.", "holdfast"};
  declare(app, arguments);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RequiredError& error) {
    // CLI11 says the same of a mistyped command and of one whose required argument is missing.
    const std::string unknown = unknown_command(app, argc, argv);
    if (unknown.empty()) {
      command_line::report(app, error);
    } else {
      std::cerr << text::for_terminal(unknown);
    }
    return {std::nullopt, exit_code::kUsage};
  } catch (const CLI::ParseError& error) {
    const int code = command_line::report(app, error);
    return {std::nullopt, code == 0 ? exit_code::kOk : exit_code::kUsage};
  }
  if (const std::string empty = command_line::refuse_empty_option(app); !empty.empty()) {
    command_line::complain(empty);
    return {std::nullopt, exit_code::kUsage};
  }
  if (const std::string wrong = take_last_word(arguments) + take_level(arguments); !wrong.empty()) {
    std::cerr << text::for_terminal(wrong);
    return {std::nullopt, exit_code::kUsage};
  }
  return {arguments, exit_code::kOk};
}

}  // namespace holdfast::supervisor::cli
