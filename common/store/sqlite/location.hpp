// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a database is: the file behind a path. One that is reached by a symbolic link and by its
// own path has one log, one write lock and one entrance, which are beside the file.
//
// Threads: any.

#include <filesystem>

struct sqlite3;

namespace holdfast::store::sqlite {

// What a path leads to, through symbolic links as SQLite follows them. It need not exist.
std::filesystem::path real_path(const std::filesystem::path& database);

// A file of the same name with a suffix, in the same place.
std::filesystem::path beside(const std::filesystem::path& database, const char* suffix);

// Whether the path leads to another file than the one that is open, or to none.
bool is_replaced(sqlite3* connection, const std::filesystem::path& path);

}  // namespace holdfast::store::sqlite
