// SPDX-License-Identifier: Apache-2.0
#pragma once

// Labels of documents in the database. Threads: as the connection. All throw SQLite::Exception.

#include "common/store/candidate.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/types.hpp"

#include <optional>
#include <vector>

namespace holdfast::store::sqlite {

// In the caller's write transaction.
void replace_labels(SqliteConnection& connection, std::int64_t document,
                    const std::vector<Label>& labels);

// The documents that the query is narrowed to; none if it is not.
std::optional<Admitted> admitted(SqliteConnection& connection, const SearchQuery& query);

// Adds the labels that they lack to up to `limit` embedded documents after `after`, in the caller's
// write transaction: those that have none, and, `from_before`, all that are ready, as a release
// before made fewer (of "100.0" no "100"). The last document looked at; none: there are no more.
std::optional<std::int64_t> label_missing(SqliteConnection& connection, std::int64_t after,
                                          std::int64_t limit, bool from_before);

}  // namespace holdfast::store::sqlite
