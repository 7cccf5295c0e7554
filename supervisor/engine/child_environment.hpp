// SPDX-License-Identifier: Apache-2.0
#pragma once

// The environment of a child, as a pure function. Later layers win: what the supervisor was started
// with (except what was meant for the supervisor alone and, for programs that are not Holdfast's
// own, the stack's secrets that their `inherit` does not name), then HOME, USER and LOGNAME of the
// user that the program runs as, then its env_file, then its `environment` table, and last the
// variables that the supervisor sets itself, which nothing overrides
// (common/protocol/variables.hpp).
//
// Threads: pure functions.

#include "common/base/clock.hpp"
#include "common/config/config.hpp"

#include <map>
#include <string>
#include <vector>

namespace holdfast::supervisor {

using Environ = std::map<std::string, std::string>;

// What the supervisor tells one process. Strings that may be empty are left out of the environment.
struct ChildProtocol {
  std::string worker;  // "api-worker.0"
  bool own = false;    // it is one of Holdfast's
  std::uint32_t slot = 0;
  std::uint64_t incarnation = 0;  // 0: it is no worker, but asks about one
  std::string instance;           // of the supervisor: how the guardian recognizes its processes
  std::string predecessor;        // may be empty
  std::string config_file;        // absolute; empty if none was read
  std::string notify_socket;      // empty if the program does not speak sd_notify
  std::string status_socket;
  std::vector<std::string> fd_names;  // LISTEN_FDNAMES; the launcher fills in LISTEN_PID
};

Environ child_environment(const Environ& own, const Environ& account,
                          const config::Program& program, const ChildProtocol& child);

}  // namespace holdfast::supervisor
