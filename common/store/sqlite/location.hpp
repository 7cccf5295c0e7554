// SPDX-License-Identifier: Apache-2.0
#pragma once

// Where a database is: the file behind a path. One that is reached by a symbolic link and by its
// own path has one log, one write lock and one entrance, which are beside the file.
//
// Threads: any.

#include "common/base/result.hpp"

#include <filesystem>
#include <functional>
#include <optional>

struct sqlite3;

namespace holdfast::store::sqlite {

// What a path leads to, through symbolic links as SQLite follows them. It need not exist.
// `target_of`: what is written in a link; nothing if the path is none.
using TargetOf =
    std::function<Result<std::optional<std::filesystem::path>>(const std::filesystem::path& path)>;
Result<std::filesystem::path> follow_links(const std::filesystem::path& database,
                                           const TargetOf& target_of);
// The same, by whomever the links were made.
std::filesystem::path real_path(const std::filesystem::path& database);

// A file of the same name with a suffix, in the same place.
std::filesystem::path beside(const std::filesystem::path& database, const char* suffix);

// Whether the path leads to another file than the one that is open, or to none.
bool is_replaced(sqlite3* connection, const std::filesystem::path& path);

}  // namespace holdfast::store::sqlite
