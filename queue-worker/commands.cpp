// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/commands.hpp"

#include "common/os/exit_codes.hpp"
#include "common/store/store.hpp"
#include "queue-worker/command_start.hpp"
#include "queue-worker/jobs_command.hpp"
#include "queue-worker/migrate.hpp"
#include "queue-worker/move.hpp"
#include "queue-worker/store_commands.hpp"

#include <fmt/format.h>
#include <unistd.h>

namespace holdfast::queue {

int run_command(const Command& command, const config::Environ& environ) {
  if (command.verb == CommandVerb::Completion) {
    fmt::print("{}", completion::script(completion::shell_by_name(command.shell).value(),
                                        command_line_spec()));
    return exit_code::kOk;
  }
  if (command.verb == CommandVerb::Migrate) {
    return command.status ? migrate_status(environ) : migrate(environ, STDOUT_FILENO);
  }
  const auto started = take_start(environ);
  if (!started) return started.error();
  const config::Config& config = started->configuration.config;
  switch (command.verb) {
    case CommandVerb::Check:
    case CommandVerb::Backup:
    case CommandVerb::Restore: return run_store_command(command, store::store_url(config));
    case CommandVerb::Move: return run_move(command, config);
    default: return run_jobs_command(command, config);
  }
}

}  // namespace holdfast::queue
