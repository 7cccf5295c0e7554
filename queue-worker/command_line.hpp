// SPDX-License-Identifier: Apache-2.0
#pragma once

// The commands of holdfast-queue-worker that look after the store and the queue. Threads: any.

#include "common/completion/scripts.hpp"
#include "common/store/types.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::queue {

enum class CommandVerb {
  Migrate,
  Check,
  Backup,
  Restore,
  Move,
  JobsList,
  JobsShow,
  JobsRetry,
  JobsCancel,
  JobsDiscard,
  JobsPause,
  JobsResume,
  Completion,
};

struct Command {
  CommandVerb verb = CommandVerb::Check;
  bool status = false;              // of migrate
  std::filesystem::path file;       // of backup and restore
  std::filesystem::path directory;  // of check; empty: beside the database
  bool force = false;
  std::string from;  // of move
  std::string to;    // of move; empty: the configured store
  store::JobFilter filter;
  std::optional<std::uint32_t> limit;  // jobs to list, or to change
  std::string queue = "default";       // of pause and resume
  std::string kind;
  bool json = false;
  bool yes = false;   // do not ask
  std::string shell;  // of completion
};

struct ParsedCommand {
  std::optional<Command> command;
  int exit_code = 0;  // without a command: help was printed, or what is wrong
};

// Whether the first argument names one of these commands.
bool is_command(std::string_view first);
ParsedCommand parse_command(int argc, char** argv);

// A description of these commands, for the completion scripts.
completion::CommandLineSpec command_line_spec();

}  // namespace holdfast::queue
