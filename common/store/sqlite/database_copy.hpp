// SPDX-License-Identifier: Apache-2.0
#pragma once

// DatabaseCopy: a copy of a database of one moment, made beside the place where it is wanted, under
// a name of its own. It is deleted again unless it is put in that place; one whose maker was
// killed, by the next copy that is made for that place. A lock on it (flock) shows that its maker
// lives.
//
// Threads: one at a time; all but the destructor block for the disk.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"
#include "common/os/plain_file.hpp"

#include <filesystem>
#include <string>

namespace holdfast::store::sqlite {

class DatabaseCopy {
 public:
  // Reads `database`, which others may use, and writes into the folder of `target`. One file, that
  // needs no log; not readable for others; not synced.
  static Result<DatabaseCopy> make(const std::filesystem::path& database,
                                   const std::filesystem::path& target);
  DatabaseCopy(DatabaseCopy&& other) noexcept
      : path_(std::exchange(other.path_, {})),
        lock_(std::move(other.lock_)),
        file_(std::move(other.file_)) {}
  DatabaseCopy& operator=(DatabaseCopy&&) = delete;
  ~DatabaseCopy();

  const std::filesystem::path& path() const { return path_; }

  // What a database that is to be used must be: with a log.
  Result<void> enter_wal_mode();

  // To change its owner and mode, and not those of what has taken its name meanwhile.
  const HeldFile& file() const { return file_; }

  // Syncs it and renames it, whole or not at all. Conflict if the target exists and is not to be
  // replaced, or if the copy is another file now. Afterwards there is nothing left to delete.
  Result<void> put(const std::filesystem::path& target, bool replace);

 private:
  DatabaseCopy(std::filesystem::path path, Fd lock, HeldFile file)
      : path_(std::move(path)), lock_(std::move(lock)), file_(std::move(file)) {}

  std::filesystem::path path_;  // empty: put, or moved from
  Fd lock_;                     // open to the end: closing it would drop SQLite's locks on the file
  HeldFile file_;
};

// Makes renames and new files in the folder of `path` durable.
Result<void> sync_folder_of(const std::filesystem::path& path);

}  // namespace holdfast::store::sqlite
