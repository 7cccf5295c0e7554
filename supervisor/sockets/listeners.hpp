// SPDX-License-Identifier: Apache-2.0
#pragma once

// ListenerSet: the public listening sockets by name, made once and handed to every incarnation of
// every worker, so that connections queue (and none is refused) while workers come and go. A
// socket that systemd passed under a name is used in place of one opened from the configuration.
//
// Threads: the main loop's. Owns the sockets; find() lends them.

#include "common/base/result.hpp"
#include "common/config/config.hpp"
#include "common/os/fd.hpp"

#include <map>
#include <string>
#include <vector>

namespace holdfast::supervisor::sockets {

class ListenerSet {
 public:
  // Takes over what LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES say (sd_listen_fds(3)), if they are
  // meant for this process, and removes them from the environment, which children would inherit.
  // At start, before there are threads.
  Result<void> adopt_from_environment();
  // The same for given descriptors, `first` and upward: one for each name.
  Result<void> adopt(int first, const std::vector<std::string>& names);

  // InvalidArgument: a socket was passed that no listener is named after, so that nobody would
  // ever accept on it.
  Result<void> check_names(const std::map<std::string, config::Listen>& wanted) const;

  // Makes the set what the configuration says. All or nothing: on an error nothing has changed. A
  // socket whose address did not change stays as it is.
  Result<void> apply(const std::map<std::string, config::Listen>& wanted);

  // Closes what was opened here (not what systemd passed, which outlives us): the workers' copies
  // are then the last ones. find() knows the closed ones no more.
  void close_opened();

  int find(const std::string& name) const;             // -1: there is none
  std::string address(const std::string& name) const;  // where it listens now; "" if unknown
  bool inherited(const std::string& name) const;

 private:
  struct Listener {
    Fd socket;
    config::Listen config;
  };
  std::map<std::string, Fd> inherited_;
  std::map<std::string, Listener> opened_;
};

}  // namespace holdfast::supervisor::sockets
