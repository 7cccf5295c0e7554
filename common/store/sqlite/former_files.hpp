// SPDX-License-Identifier: Apache-2.0
#pragma once

// FormerFiles: files beside a database that were deleted or replaced while it is in use. SQLite
// would make them anew for who opens it next, who would then share neither the log nor the locks
// with those that hold on to the former ones. They notice by themselves and let go (writer.hpp);
// until the last has, nobody else may begin.
//
// Threads: any.

#include "common/base/result.hpp"

#include <filesystem>

namespace holdfast::store::sqlite {

// Unavailable: somebody uses the database with other files than those that are there.
Result<void> check_former_files(const std::filesystem::path& database);

// The same, but waits some seconds for them. `alone`: this process has no connection to any
// database, and can also find out about programs that are none of Holdfast's.
Result<void> await_former_files(const std::filesystem::path& database, bool alone);

// Before Holdfast's own database is opened: waits likewise if the write lock has no note, as one
// that was deleted or made anew, and somebody has the database open. No connection of this process
// has.
Result<void> await_users_without_note(const std::filesystem::path& database);

}  // namespace holdfast::store::sqlite
