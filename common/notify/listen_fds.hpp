// SPDX-License-Identifier: Apache-2.0
#pragma once

// Descriptors that the service manager hands down, by sd_listen_fds_with_names(3): from 3 on,
// LISTEN_FDS of them, named by LISTEN_FDNAMES, meant for the process LISTEN_PID.
//
// Threads: at start-up, before the first thread, and once: it makes this process the owner.

#include "common/base/result.hpp"
#include "common/notify/notify.hpp"
#include "common/os/fd.hpp"

#include <sys/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::notify {

inline constexpr int kListenFdsStart = 3;  // SD_LISTEN_FDS_START

struct NamedFd {
  std::string name;  // "unknown" if the manager gave none
  Fd fd;             // now close-on-exec
};

// Nothing if the variables are unset or meant for another process than `pid`. InvalidArgument if
// they contradict each other or name descriptors that are not open; then nothing is taken.
// The variables are left as they are: whoever starts children passes them a list of their own.
// `first` is where the descriptors begin; only tests have a reason to move it.
Result<std::vector<NamedFd>> take_listen_fds(const Environ& environ, pid_t pid,
                                             int first = kListenFdsStart);

// Takes the first one of that name out of `fds`; an empty Fd if there is none.
Fd take_named(std::vector<NamedFd>& fds, std::string_view name);

}  // namespace holdfast::notify
