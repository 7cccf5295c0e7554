// SPDX-License-Identifier: Apache-2.0
#pragma once

// The index of the terms of chunks (search::Analyser), in FTS5. Threads: as the connection. All
// throw SQLite::Exception.

#include "common/search/analyser.hpp"
#include "common/search/ranking.hpp"
#include "common/store/candidate.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"

#include <string>
#include <vector>

namespace holdfast::store::sqlite {

void index_chunk(SqliteConnection& connection, std::int64_t chunk, const std::string& title_terms,
                 const std::string& text_terms);

// One step of merging the index's segments, in a transaction of its own: inserting does not merge.
// True if there may be more to do.
bool merge_terms(SqliteConnection& connection);

search::Frequencies count_terms(SqliteConnection& connection, const search::Query& query);

// The query with the words that those may stand for that nobody has.
search::Query with_corrections(SqliteConnection& connection, search::Query query,
                               const search::Frequencies& frequencies);

// The chunks that FTS5 likes best among those that have any of the terms and all phrases.
std::vector<std::int64_t> find_by_terms(SqliteConnection& connection, const search::Query& query,
                                        const Admitted* admitted, std::size_t limit);

// Notes chunks that the index has lost as of an older form, in the caller's write transaction.
void note_lost_terms(SqliteConnection& connection);
// Whether there are chunks with terms of an older form.
bool has_older_terms(SqliteConnection& connection);
// Makes the terms of up to `limit` of them, in the caller's write transaction. 0: there are none.
std::int64_t index_missing(SqliteConnection& connection, search::Analyser& analyser,
                           std::int64_t limit);

}  // namespace holdfast::store::sqlite
