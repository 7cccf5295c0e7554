// SPDX-License-Identifier: Apache-2.0
#pragma once

// DatabaseFiles: whether the files that this process has open are still the ones that others find
// at their paths. SQLite holds on to the files that it opened: what it writes after somebody has
// moved, replaced or deleted one of them is in no database, or in two halves. So every writer looks
// before it writes, and once more before it says that a write is stored.
//
// Threads: any; immutable.

#include "common/base/result.hpp"
#include "common/os/file_id.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/store.hpp"

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::store::sqlite {

class DatabaseFiles {
 public:
  // The database that is open, its log ("-wal"), the index of that ("-shm"), and the write lock.
  // Unavailable: it is not what is found at its path.
  static Result<DatabaseFiles> of(const SqliteConnection& connection);

  // Unavailable: one of them is another file now, or gone. It lasts until the file is back, or the
  // process starts anew.
  Result<void> check() const;

  // Whether nobody can put it right, so that this process should let go of them and begin anew: a
  // file beside the database is gone or another one, or another database is there without the log
  // of the former.
  bool are_lost() const;
  // Whether nobody who opens the database finds the log that is open here.
  bool is_log_lost() const;
  bool is_lock_lost() const;

  // Nothing while the directory cannot be looked at.
  std::optional<FileUse> use() const;

 private:
  struct File {
    std::filesystem::path path;
    FileId id;
  };
  enum class Place { Same, Other, Gone, Unknown };
  static Place place_of(const File& file);
  bool is_lost(std::string_view suffix) const;
  Result<void> add(std::filesystem::path path);
  std::string advice(const File& file) const;

  std::vector<File> files_;       // the database first
  std::filesystem::path folder_;  // where they are
};

}  // namespace holdfast::store::sqlite
