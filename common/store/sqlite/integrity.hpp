// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether a database is sound: what SQLite can tell (pages, indexes, constraints, references, full
// text), and what must be true of jobs and documents whatever happened to the processes that wrote
// them.
//
// Threads: the connection's.

#include "common/store/maintenance.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"

namespace holdfast::store::sqlite {

// `connection` may write, to a copy that nobody else uses: the full text is checked by a command
// that counts as a write. A database of an older schema is checked only for what SQLite can tell.
Result<CheckReport> check_copy(SqliteConnection& connection);

}  // namespace holdfast::store::sqlite
