// SPDX-License-Identifier: Apache-2.0
#pragma once

// RunMarker: whether the supervisor that ran before on this state directory has shut down. The file
// STATE_DIR/running names the supervisor for as long as it runs, and is empty afterwards. It is
// locked meanwhile, so that one that still runs is not taken for one that was killed.
//
// Threads: the main thread. A file that cannot be written is told by claim(), and nothing is known.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <filesystem>
#include <string>

namespace holdfast::supervisor::daemon {

class RunMarker {
 public:
  static Result<RunMarker> claim(const std::filesystem::path& state_dir, WallTime now);

  // How the last run ended, for people; empty: it has shut down, or there was none.
  const std::string& unclean_end() const { return unclean_end_; }
  // This run has shut down.
  void clear();

 private:
  RunMarker(Fd file, std::string unclean_end)
      : file_(std::move(file)), unclean_end_(std::move(unclean_end)) {}

  Fd file_;
  std::string unclean_end_;
};

}  // namespace holdfast::supervisor::daemon
