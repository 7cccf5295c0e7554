// SPDX-License-Identifier: Apache-2.0
#pragma once

// Names from the configuration turned into the numbers that system calls take: users and groups by
// way of the system's databases (which may read files or ask a directory service, so look them up
// when a configuration is loaded and not when a worker restarts), and resource limits.
//
// Threads: any.

#include "common/base/result.hpp"
#include "supervisor/process/launcher.hpp"

#include <string>
#include <string_view>

namespace holdfast::supervisor::process {

struct User {
  Identity identity;
  std::string name;
  std::string home;
};

// `user` by name or number; `group` empty: the user's own. With the user's supplementary groups.
Result<User> look_up_user(const std::string& user, const std::string& group);

// "nofile" -> RLIMIT_NOFILE, with the names of getrlimit(2) in lower case.
Result<int> rlimit_by_name(std::string_view name);

}  // namespace holdfast::supervisor::process
