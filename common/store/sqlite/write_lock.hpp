// SPDX-License-Identifier: Apache-2.0
#pragma once

// WriteLock: the one lock under which every process writes and checkpoints, flock(2) on
// `<database>.writelock`, beside the file that links lead to. The kernel releases it at kill -9.
//
// Why: SQLite's busy handler polls, so a busy process starves the others; and writing and
// checkpointing at once is the condition of SQLite's WAL-reset corruption (3.7.0 to 3.51.2).
//
// Fair: flock alone lets whoever releases take it again before a waiter wakes. So each process
// first takes a turnstile (an open-file-description lock on byte 0 of the same file) and leaves it
// once it has the lock: a releaser that comes back finds the turnstile held by the one who waits.
//
// A holder that hangs or was stopped must not stop everybody for ever, and silently: who waits
// gives up after some seconds, and from then on sooner, until it gets the lock again. A process
// that was stopped while it waited for the lock takes nothing away but the fairness. Ctrl-Z stops
// nobody who waits for the lock or holds it.
//
// Threads: one thread at a time per object; objects exclude each other in one process too.

#include "common/base/result.hpp"
#include "common/os/alarm.hpp"
#include "common/os/fd.hpp"
#include "common/os/signal_mask.hpp"

#include <filesystem>

namespace holdfast::store::sqlite {

class WriteLock {
 public:
  class Guard {
   public:
    Guard(int descriptor, TerminalStopDeferred deferred)
        : deferred_(std::move(deferred)), descriptor_(descriptor) {}
    Guard(Guard&& other) noexcept
        : deferred_(std::move(other.deferred_)),
          descriptor_(std::exchange(other.descriptor_, -1)) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard();

   private:
    TerminalStopDeferred deferred_;
    int descriptor_;
  };

  static std::filesystem::path path_of(const std::filesystem::path& database);
  static Result<WriteLock> open(const std::filesystem::path& database);
  // A guard is released by the thread that took it. Unavailable: nobody gave the lock back in time;
  // it says who has it.
  Result<Guard> acquire();

  // Shows others that the database is in use, for as long as this object lives: a shared
  // open-file-description lock on byte 1.
  Result<void> show_use();
  // Whether any object, of any process, shows it. No if that cannot be found out.
  static bool is_in_use(const std::filesystem::path& database);

 private:
  WriteLock(Fd file, std::filesystem::path path) : file_(std::move(file)), path_(std::move(path)) {}

  bool take_turn(const Alarm& alarm);
  Error too_late() const;

  Fd file_;
  std::filesystem::path path_;
  bool was_late_ = false;       // the last time that it was to be acquired
  bool ignores_turns_ = false;  // somebody who has the turn does not use it
};

}  // namespace holdfast::store::sqlite
