// SPDX-License-Identifier: Apache-2.0
#pragma once

// Descriptors that the service manager passes, by sd_listen_fds_with_names(3): LISTEN_FDS of them,
// from 3 upward, named by LISTEN_FDNAMES, addressed to the process LISTEN_PID.
//
// Threads: call once, at start-up, before any thread exists: this process becomes the owner.

#include "common/base/result.hpp"
#include "common/notify/notify.hpp"
#include "common/os/fd.hpp"

#include <sys/types.h>

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::notify {

inline constexpr int kListenFdsStart = 3;  // SD_LISTEN_FDS_START

struct NamedFd {
  std::string name;  // "unknown" if the manager gave none
  Fd fd;             // now close-on-exec
};

// Empty if the variables are unset or addressed to another process than `pid`. InvalidArgument if
// they contradict each other or describe descriptors that are not open; then nothing is taken. The
// variables stay in the environment: whoever starts children passes them other ones. `first` is the
// first descriptor; only tests change it.
Result<std::vector<NamedFd>> take_listen_fds(const Environ& environ, pid_t pid,
                                             int first = kListenFdsStart);

// Removes from `fds` every socket that clients connect to (a listening stream socket, TCP or Unix)
// except those whose name `keep` names.
std::vector<NamedFd> take_listeners(std::vector<NamedFd>& fds,
                                    const std::function<bool(std::string_view)>& keep);

// Removes the first descriptor of that name from `fds`. An empty Fd if there is none.
Fd take_named(std::vector<NamedFd>& fds, std::string_view name);

}  // namespace holdfast::notify
