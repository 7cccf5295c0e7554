// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/command_line.hpp"

#include "common/base/duration.hpp"
#include "common/command_line/empty_option.hpp"
#include "common/command_line/help_format.hpp"
#include "common/command_line/output.hpp"
#include "common/command_line/parse_error.hpp"
#include "common/completion/describe.hpp"
#include "common/os/exit_codes.hpp"
#include "common/text/number.hpp"
#include "common/text/utf8.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iostream>

namespace holdfast::queue {

namespace {

using store::JobState;

constexpr std::array kCommands{"migrate", "check", "backup",    "restore",
                               "move",    "jobs",  "completion"};
constexpr std::array kStates{JobState::Ready, JobState::Waiting,   JobState::Running,
                             JobState::Done,  JobState::Cancelled, JobState::Dead};

// As typed; read once CLI11 has accepted the line.
struct Typed {
  std::vector<std::string> states;
  std::string older_than;
};

std::vector<std::string> state_names() {
  std::vector<std::string> names;
  for (const JobState state : kStates)
    names.emplace_back(to_string(state));
  return names;
}

// What is wrong with the name of a queue or a kind, as for the API; else "".
std::string check_name(const std::string& name) {
  constexpr std::size_t kLongest = 100;
  return name.size() <= kLongest && text::is_utf8(name) ? "" : "must be 1 to 100 bytes of UTF-8";
}

// A job's id: read here, because CLI11 takes a number beyond 64 bits for the largest one.
std::string check_id(const std::string& id) {
  return text::parse_digits<std::int64_t>(id).value_or(0) > 0
             ? ""
             : fmt::format("must be the id of a job, a whole number from 1 to {}", INT64_MAX);
}

void add_filter(CLI::App& verb, Command& command, Typed& typed) {
  verb.add_option("ID", command.filter.ids, "Jobs by id; without one, all that the options name")
      ->check(check_id);
  verb.add_option("--status", typed.states,
                  "Only jobs in these states: ready, waiting, running, done, cancelled, dead")
      ->delimiter(',')
      ->allow_extra_args(false)
      ->check(CLI::IsMember(state_names()));
  verb.add_option("--kind", command.filter.kind, "Only jobs of this kind (embed)")
      ->type_name("KIND")
      ->check(check_name);
  verb.add_option("--queue", command.filter.queue, "Only jobs of this queue")
      ->type_name("QUEUE")
      ->check(check_name);
  verb.add_option("--older-than", typed.older_than,
                  "Only jobs that finished, or else were created, longer ago than this (7d, 12h)")
      ->type_name("DURATION");
  verb.add_option("--limit", command.limit, "At most so many jobs")
      ->check(CLI::Range(1U, 1'000'000U));
  verb.add_flag("--json", command.json, "Print JSON");
}

void add_change(CLI::App& jobs, Command& command, Typed& typed, const char* name, const char* help,
                CommandVerb verb) {
  CLI::App* change = jobs.add_subcommand(name, help);
  add_filter(*change, command, typed);
  change->add_flag("-y,--yes", command.yes, "Change several jobs without asking");
  change->callback([&command, verb] { command.verb = verb; });
}

void add_pause(CLI::App& jobs, Command& command, const char* name, const char* help,
               CommandVerb verb) {
  CLI::App* pause = jobs.add_subcommand(name, help);
  pause->add_option("--kind", command.kind, "Only jobs of this kind (embed)")
      ->type_name("KIND")
      ->check(check_name);
  pause->add_option("--queue", command.queue, "The queue")
      ->type_name("QUEUE")
      ->capture_default_str()
      ->check(check_name);
  pause->callback([&command, verb] { command.verb = verb; });
}

void add_jobs(CLI::App& app, Command& command, Typed& typed) {
  CLI::App* jobs = app.add_subcommand("jobs", "Look at the jobs of the queue, and change them");
  jobs->require_subcommand(1);
  CLI::App* list = jobs->add_subcommand("list", "List jobs, newest first");
  add_filter(*list, command, typed);
  list->callback([&command] { command.verb = CommandVerb::JobsList; });
  CLI::App* show = jobs->add_subcommand("show", "Show all that is known of jobs");
  show->add_option("ID", command.filter.ids, "Jobs by id")->required()->check(check_id);
  show->add_flag("--json", command.json, "Print JSON");
  show->callback([&command] { command.verb = CommandVerb::JobsShow; });
  add_change(*jobs, command, typed, "retry",
             "Run dead, cancelled and waiting jobs now, with a fresh budget",
             CommandVerb::JobsRetry);
  add_change(*jobs, command, typed, "cancel",
             "Ready and waiting jobs never run; workers stop running ones",
             CommandVerb::JobsCancel);
  add_change(*jobs, command, typed, "discard", "Delete finished jobs", CommandVerb::JobsDiscard);
  add_pause(*jobs, command, "pause", "Give no more jobs to workers; what runs goes on",
            CommandVerb::JobsPause);
  add_pause(*jobs, command, "resume", "Give jobs to workers again", CommandVerb::JobsResume);
}

void declare_commands(CLI::App& app, Command& command, Typed& typed) {
  app.formatter(command_line::help_format());
  app.require_subcommand(1);
  CLI::App* migrate = app.add_subcommand("migrate", "Bring the store's schema up to date");
  migrate->add_flag("--status", command.status,
                    "Print what is applied and what is pending, change nothing");
  migrate->callback([&command] { command.verb = CommandVerb::Migrate; });
  CLI::App* check = app.add_subcommand("check", "Check that the database is sound");
  check
      ->add_option("--directory", command.directory,
                   "Where the copy is made that is checked, instead of beside the database")
      ->type_name("DIRECTORY");
  check->callback([&command] { command.verb = CommandVerb::Check; });
  CLI::App* backup = app.add_subcommand("backup", "Copy the database, while it is in use");
  backup->add_option("FILE", command.file, "The copy")->required();
  backup->add_flag("--force", command.force, "Replace FILE if it exists");
  backup->callback([&command] { command.verb = CommandVerb::Backup; });
  CLI::App* restore = app.add_subcommand(
      "restore", "Put a backup in the place of the database, which must be idle");
  restore->add_option("FILE", command.file, "The backup")->required();
  restore->callback([&command] { command.verb = CommandVerb::Restore; });
  CLI::App* move = app.add_subcommand(
      "move", "Copy everything of a SQLite file into an empty PostgreSQL database");
  move->add_option("--from", command.from, "The file: sqlite:///PATH")
      ->type_name("URL")
      ->required();
  move->add_option("--to", command.to,
                   "The database: postgresql://USER@HOST/DATABASE; the configured one by default")
      ->type_name("URL");
  move->callback([&command] { command.verb = CommandVerb::Move; });
  add_jobs(app, command, typed);
  CLI::App* completion = app.add_subcommand("completion", "Print a completion script for a shell");
  completion->add_option("SHELL", command.shell, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  completion->callback([&command] { command.verb = CommandVerb::Completion; });
}

// What is wrong; else "".
std::string read_typed(const Typed& typed, Command& command) {
  for (const JobState state : kStates) {
    const auto& names = typed.states;
    if (std::find(names.begin(), names.end(), to_string(state)) != names.end()) {
      command.filter.states.push_back(state);
    }
  }
  auto& ids = command.filter.ids;
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  if (typed.older_than.empty()) return {};
  const auto age = parse_duration(typed.older_than);
  if (!age) return fmt::format("--older-than: {}", age.error().message);
  command.filter.older_than_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(*age).count();
  if (command.filter.older_than_ms > 0) return {};
  return "--older-than: the age must be at least 1ms";
}

}  // namespace

bool is_command(std::string_view first) {
  return std::find(kCommands.begin(), kCommands.end(), first) != kCommands.end();
}

completion::CommandLineSpec command_line_spec() {
  Command command;
  Typed typed;
  CLI::App app{"", "holdfast-queue-worker"};
  declare_commands(app, command, typed);
  return completion::describe(app);
}

ParsedCommand parse_command(int argc, char** argv) {
  Command command;
  Typed typed;
  CLI::App app{"Looks after the store and the queue.", "holdfast-queue-worker"};
  declare_commands(app, command, typed);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    const int code = command_line::report(app, error);
    return {std::nullopt, code == 0 ? exit_code::kOk : exit_code::kUsage};
  }
  if (const std::string empty = command_line::refuse_empty_option(app); !empty.empty()) {
    command_line::complain(empty);
    return {std::nullopt, exit_code::kUsage};
  }
  if (const std::string wrong = read_typed(typed, command); !wrong.empty()) {
    command_line::complain(wrong);
    return {std::nullopt, exit_code::kUsage};
  }
  return {std::move(command), exit_code::kOk};
}

}  // namespace holdfast::queue
