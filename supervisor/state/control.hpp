// SPDX-License-Identifier: Apache-2.0
#pragma once

// FleetControl: the commands that an administrator can give the running fleet. Implemented by the
// engine, called by the admin socket.
//
// Threads: every method from any thread. `done` is called once, on the main loop's thread: when the
// work is over, which can take a while, or at once if it was refused or the caller does not want to
// wait.

#include "common/config/diff.hpp"
#include "common/config/load.hpp"
#include "supervisor/core/types.hpp"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor {

class FleetControl {
 public:
  struct Outcome {
    bool ok = true;
    std::string message;
  };
  using Done = std::function<void(Outcome)>;
  enum class Answer { WhenDone, AtOnce };
  struct Preview {
    std::string problems;  // empty: the files could be used
    std::vector<config::SectionDifference> differences;
  };
  using PreviewDone = std::function<void(Preview)>;

  virtual ~FleetControl() = default;
  // `command.request` is chosen by the engine.
  virtual void command(core::Command command, Answer answer, Done done) = 0;
  virtual void reload(Answer answer, Done done) = 0;
  // Log levels until the next reload, of the supervisor ("holdfast"), of its own workers, or of all
  // of them (no names, or "all"). Without a level: those that are configured.
  virtual void choose_log_level(std::vector<std::string> names, std::optional<log::Level> level,
                                Done done) = 0;
  // What a reload of these files would change; nothing is touched. Not ok: the problems, as text.
  virtual void preview(config::SourceFiles files, PreviewDone done) = 0;
};

}  // namespace holdfast::supervisor
