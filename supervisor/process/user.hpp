// SPDX-License-Identifier: Apache-2.0
#pragma once

// Turns names in the configuration into the numbers that system calls take: users, groups and
// resource limits. Looking up a user may read files or ask a directory service, so do it when a
// configuration is loaded and not when a worker restarts.
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

// `user` is a name or a number; empty with a `group`: the user that we are. An empty `group` means
// the user's own. Includes the user's supplementary groups.
Result<User> look_up_user(const std::string& user, const std::string& group);

// "nofile" -> RLIMIT_NOFILE, with the names of getrlimit(2) in lower case.
Result<int> rlimit_by_name(std::string_view name);

}  // namespace holdfast::supervisor::process
