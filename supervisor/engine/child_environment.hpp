// SPDX-License-Identifier: Apache-2.0
#pragma once

// The environment of a child, as a pure function. Each layer overrides the one before: the
// supervisor's own without what was meant for the supervisor alone, HOME, USER and LOGNAME of the
// program's user, the program's env_file, its `environment` table, the variables of the protocols.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/config/config.hpp"

#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor {

using Environ = std::map<std::string, std::string>;

struct ChildProtocol {
  std::string worker;  // "api-worker.0"
  std::uint64_t incarnation = 0;
  std::string predecessor;
  std::string config_file;    // absolute; empty if none was read
  std::string notify_socket;  // empty: the program does not speak sd_notify
  std::string status_socket;
  std::vector<std::string> fd_names;  // LISTEN_FDNAMES; LISTEN_PID is the launcher's to fill in
};

// `env_file` text: KEY=VALUE lines, '#' comments, optional quotes around the value, no expansion.
Result<Environ> parse_env_file(std::string_view text, std::string_view file_name);

Environ child_environment(const Environ& own, const Environ& account, const Environ& from_file,
                          const config::Program& program, const ChildProtocol& protocol);

}  // namespace holdfast::supervisor
