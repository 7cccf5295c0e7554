// SPDX-License-Identifier: Apache-2.0
#pragma once

// Full-text ranking by FTS5's bm25, title words twice as heavy. Threads: as the connection.

#include "common/store/candidate.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::store::sqlite {

// What people type as an FTS5 expression that no input can turn into a syntax error: its words,
// each quoted, joined by OR (query_words.hpp). Empty if there are none.
std::string match_expression(std::string_view text);

// The best `limit` documents, each by its best chunk. Throws SQLite::Exception.
std::vector<Candidate> rank_by_text(SqliteConnection& connection, std::string_view text,
                                    std::size_t limit);

}  // namespace holdfast::store::sqlite
