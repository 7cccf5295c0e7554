// SPDX-License-Identifier: Apache-2.0
#pragma once

// RuntimeWatch: keeps the runtime directory whole while the supervisor runs. Cleaners of temporary
// files, and people, remove it, a socket in it, or put another in its place: it is made again with
// all sockets. What somebody else has put there is left alone, and that is reported.
//
// It looks once a second, and at the directory before each launch. That is a handful of system
// calls, works on every file system, and has no watches of its own that could vanish with what they
// watch.
//
// Threads: the main loop.

#include "supervisor/engine/processes.hpp"
#include "supervisor/engine/reporter.hpp"
#include "supervisor/sockets/runtime_dir.hpp"
#include "supervisor/state/telemetry_link.hpp"

#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor {

class RuntimeWatch {
 public:
  // To be made when the endpoints' sockets are open. The references outlive it.
  RuntimeWatch(sockets::RuntimeDir& directory, Processes& processes, TelemetryLink& telemetry,
               Reporter& reporter);

  // Makes again whatever is missing.
  void check();
  // The same for what a launch needs, if the directory itself has vanished.
  void check_before_launch() {
    if (!directory_.intact()) check();
  }

 private:
  // Returns what was missing, each once: "the directory", "admin.sock".
  Result<std::vector<std::string>> restore();
  Result<bool> restore_endpoint(Endpoint endpoint, std::optional<FileId>& present);

  sockets::RuntimeDir& directory_;
  Processes& processes_;
  TelemetryLink& telemetry_;
  Reporter& reporter_;
  std::optional<FileId> status_;
  std::optional<FileId> admin_;
  std::string trouble_;  // as it was last reported; empty: none
};

}  // namespace holdfast::supervisor
