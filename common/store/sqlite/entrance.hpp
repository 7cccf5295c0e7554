// SPDX-License-Identifier: Apache-2.0
#pragma once

// Entrance: what every process goes through to open a database, and what a restore closes while it
// puts another file in its place. SQLite takes the descriptor of a file first and waits for its
// lock afterwards: who waited for a restore would have the former file open, which nobody finds
// again.
//
// A lock on byte 2 of the file of the write lock: shared by those who are opening, exclusive for
// who replaces. It is held only until the database has been read for the first time; from then on
// SQLite's own lock shows that it is in use.
//
// Threads: any; each object belongs to one.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"
#include "common/store/sqlite/write_lock.hpp"

#include <filesystem>

namespace holdfast::store::sqlite {

class Entrance {
 public:
  // Waits some seconds for a restore, and takes the steps that are left of one that was interrupted
  // (replacement.hpp). Unavailable: it is not done yet. Lets everybody in where
  // there is no lock, or it may not be opened: the connection looks once more what it has opened.
  static Result<Entrance> enter(const std::filesystem::path& database);
  // Keeps everybody out. Waits some seconds for those who are just opening it.
  static Result<Entrance> close(const std::filesystem::path& database);

 private:
  static Result<void> finish_interrupted(const std::filesystem::path& database);
  explicit Entrance(Fd file) : file_(std::move(file)) {}

  Fd file_;
};

}  // namespace holdfast::store::sqlite
