// SPDX-License-Identifier: Apache-2.0
#pragma once

// Looking after a store from the command line: is it sound, a copy of it, a copy put in its place.
// The embedded engine only; a PostgreSQL server has tools of its own, and the errors name them.
//
// Threads: any; all of it blocks, for as long as it takes to read the database.
//
// Errors: InvalidArgument (another engine, a file that is no copy of a store); NotFound; Conflict
// (the target exists); Unavailable (in use); ResourceExhausted; DataLoss.

#include "common/base/result.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace holdfast::store {

// Something that is not as it must be.
struct Problem {
  std::string what;
  std::string advice;  // what to do about it
};

struct CheckReport {
  std::string store;  // as Store::describe()
  std::int64_t documents = 0;
  std::int64_t chunks = 0;
  std::int64_t jobs = 0;
  std::vector<Problem> problems;  // empty: sound
};

// Looks at pages, indexes and constraints, references, the full text, and what must be true of jobs
// and documents. Works on a copy that is made in `directory` and gone afterwards, so that nobody
// who uses the database waits. Empty: beside the database.
Result<CheckReport> check_store(const std::string& url,
                                const std::filesystem::path& directory = {});

struct BackupReport {
  std::uint64_t bytes = 0;
};
// A copy of one moment, while the store is in use: it appears whole, and synced, or not at all. An
// existing file is replaced only with `overwrite`.
Result<BackupReport> backup_store(const std::string& url, const std::filesystem::path& target,
                                  bool overwrite);

struct RestoreReport {
  CheckReport restored;
  std::filesystem::path
      replaced;  // where the former database is now, or its log alone; empty: none
};
// Checks the copy, then puts it in the place of the database. Unavailable while anybody uses that.
Result<RestoreReport> restore_store(const std::string& url, const std::filesystem::path& source);

}  // namespace holdfast::store
