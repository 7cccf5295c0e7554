// SPDX-License-Identifier: Apache-2.0
#pragma once

// run_command(): a program of the user's, with text on its standard input: started by
// Boost.Process, watched through a pidfd, in a process group of its own, which is killed as a whole
// when its time is over, and when it has ended.
//
// It inherits no descriptor but 0 (a pipe), 1 and 2 (one pipe for both), no signal mask, and the
// environment that is given.
//
// Threads: any; blocks until it has ended.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "supervisor/alerts/receivers/kind.hpp"
#include "supervisor/process/own_children.hpp"

#include <map>
#include <stop_token>
#include <string>

namespace holdfast::supervisor::alerts {

struct CommandOptions {
  Duration deadline = std::chrono::seconds(10);
  std::size_t most_output = 64u << 10;                    // the rest is read and forgotten
  const std::map<std::string, std::string>& environment;  // a PATH in it finds argv[0]
  process::OwnChildren& children;
  std::stop_token stop{};  // kills it
};

// Errors: NotFound, PermissionDenied, …: it could not be started; DeadlineExceeded: it was killed.
Result<CommandEnd> run_command(const CommandRequest& request, const CommandOptions& options);

}  // namespace holdfast::supervisor::alerts
