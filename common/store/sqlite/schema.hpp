// SPDX-License-Identifier: Apache-2.0
#pragma once

// The schema's version: bringing a file up to date, and refusing one that is not.
// Threads: any; migrate() excludes other processes by the write lock.

#include "common/store/migrations/migrations.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/store.hpp"

#include <filesystem>
#include <span>

namespace holdfast::store::sqlite {

// 0: an empty file. Unavailable if another program has made it. In guarded().
Result<std::int64_t> schema_version(SqliteConnection& connection);
Failure too_new(const SqliteConnection& connection, std::int64_t version, std::int64_t expected);

// Creates the file if need be. Each migration is one transaction with its row in schema_version.
// Refuses a file that a newer Holdfast, or another program, has made.
Result<MigrationReport> migrate(const std::filesystem::path& path,
                                std::span<const Migration> migrations);

// What migrate() would do. A file that does not exist has everything before it.
Result<MigrationStatus> migration_status(const std::filesystem::path& path,
                                         std::span<const Migration> migrations);

// `expected`: the newest version this binary knows.
Result<void> check_schema(SqliteConnection& connection, std::int64_t expected);

}  // namespace holdfast::store::sqlite
