// SPDX-License-Identifier: Apache-2.0
#pragma once

// Replacement: a new database in the place of another one and its log, which are kept. No single
// step can put one file in the place of two, and a database beside the log of another is mixed with
// it. So the new one, whole and synced, is first put beside them as "DATABASE.restoring": from then
// on it is the database that counts. Whoever dies or loses power between the steps that follow
// leaves that file behind, and whoever opens the database next, or replaces it, takes the rest of
// the steps before anything is read. Each of them may be taken twice.
//
// Paths are real ones (location.hpp). Threads: one at a time; all of it blocks for the disk.

#include "common/base/result.hpp"
#include "common/store/sqlite/database_copy.hpp"

#include <filesystem>

namespace holdfast::store::sqlite {

// Puts the copy in the place of the database and returns where that and its log are now: its log
// alone if it is gone, nothing if both are. The caller has closed the entrance, and nobody has the
// database open. If it fails, everything is as it was, or the error says what is left to do.
Result<std::filesystem::path> replace(const std::filesystem::path& database, DatabaseCopy& copy);

// Whether somebody has begun to replace it and not ended.
bool is_replacement_begun(const std::filesystem::path& database);
// Takes the steps that are left. The caller has closed the entrance. Unavailable: somebody has it
// open.
Result<void> finish_replacement(const std::filesystem::path& database);

}  // namespace holdfast::store::sqlite
