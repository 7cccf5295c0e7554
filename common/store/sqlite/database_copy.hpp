// SPDX-License-Identifier: Apache-2.0
#pragma once

// DatabaseCopy: a copy of a database of one moment, made beside the place where it is wanted, under
// a name of its own. It is deleted again unless it is put in that place.
//
// Threads: one at a time; all but the destructor block for the disk.

#include "common/base/result.hpp"

#include <filesystem>
#include <string>

namespace holdfast::store::sqlite {

class DatabaseCopy {
 public:
  // Reads `database`, which others may use, and writes into the folder of `target`. One file, that
  // needs no log; not readable for others; not synced.
  static Result<DatabaseCopy> make(const std::filesystem::path& database,
                                   const std::filesystem::path& target);
  DatabaseCopy(DatabaseCopy&& other) noexcept : path_(std::exchange(other.path_, {})) {}
  DatabaseCopy& operator=(DatabaseCopy&&) = delete;
  ~DatabaseCopy();

  const std::filesystem::path& path() const { return path_; }

  // What a database that is to be used must be: with a log.
  Result<void> enter_wal_mode();

  // Syncs it and renames it, whole or not at all. Conflict if the target exists and is not to be
  // replaced. Afterwards there is nothing left to delete.
  Result<void> put(const std::filesystem::path& target, bool replace);

 private:
  explicit DatabaseCopy(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;  // empty: put, or moved from
};

// Makes renames and new files in the folder of `path` durable.
Result<void> sync_folder_of(const std::filesystem::path& path);

}  // namespace holdfast::store::sqlite
