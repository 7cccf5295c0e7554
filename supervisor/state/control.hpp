// SPDX-License-Identifier: Apache-2.0
#pragma once

// FleetControl: the commands that an administrator can give the running fleet. Implemented by the
// engine, called by the admin socket.
//
// Threads: every method from any thread. `done` is called once, on the main loop's thread: when the
// work is over, which can take a while, or at once if it was refused or the caller does not want to
// wait.

#include "common/config/config.hpp"
#include "supervisor/core/types.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace holdfast::supervisor {

class FleetControl {
 public:
  struct Outcome {
    bool ok = true;
    std::string message;
  };
  using Done = std::function<void(Outcome)>;
  enum class Answer { WhenDone, AtOnce };

  virtual ~FleetControl() = default;
  // `command.request` is chosen by the engine.
  virtual void command(core::Command command, Answer answer, Done done) = 0;
  virtual void reload(Answer answer, Done done) = 0;
  virtual void set_log_level(log::Level level) = 0;
};

}  // namespace holdfast::supervisor
