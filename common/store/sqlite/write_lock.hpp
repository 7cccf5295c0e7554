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
// Waits without a limit: a holder that hangs is ended by its supervisor's watchdog.
//
// Threads: one thread at a time per object; objects exclude each other in one process too.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <filesystem>

namespace holdfast::store::sqlite {

class WriteLock {
 public:
  class Guard {
   public:
    explicit Guard(int descriptor) : descriptor_(descriptor) {}
    Guard(Guard&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Guard& operator=(Guard&&) = delete;
    ~Guard();

   private:
    int descriptor_;
  };

  static std::filesystem::path path_of(const std::filesystem::path& database);
  static Result<WriteLock> open(const std::filesystem::path& database);
  Result<Guard> acquire();

  // Shows others that the database is in use, for as long as this object lives: a shared
  // open-file-description lock on byte 1.
  Result<void> show_use();
  // Whether any object, of any process, shows it. No if that cannot be found out.
  static bool is_in_use(const std::filesystem::path& database);

 private:
  WriteLock(Fd file, std::filesystem::path path) : file_(std::move(file)), path_(std::move(path)) {}

  Fd file_;
  std::filesystem::path path_;
};

}  // namespace holdfast::store::sqlite
