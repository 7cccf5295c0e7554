// SPDX-License-Identifier: Apache-2.0
#pragma once

// A document's chunks and their vectors. Triggers keep the full text in step, and each change is
// logged for the vector indexes of other processes.
//
// What one claim of one job writes is a set. A document names the set that is shown; others are
// invisible. So the chunks of a large document are written in many short transactions, and become
// visible, all at once, with the last one; and those that are shown no more are deleted likewise.
// Breaking words into the index holds the write lock for 0.2 ms per chunk.
//
// Threads: each function runs inside the caller's write transaction, unless it says otherwise, and
// throws SQLite::Exception.

#include "common/store/now.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/store.hpp"

#include <string>
#include <vector>

namespace holdfast::store::sqlite {

struct Embedding {
  JobKey key;
  std::string document_id;
  std::int64_t version = 0;
  EmbeddedText text;
  std::string vector_space;
};

// How many chunks one transaction writes or deletes.
inline constexpr std::size_t kChunksPerWrite = 32;

// Adds up to kChunksPerWrite chunks, from `first` on, to the set of the claim that writes them,
// where nobody sees them. Conflict if the fence is stale. The next one to write.
Result<std::size_t> stage_chunks(SqliteConnection& connection, const Embedding& embedding,
                                 std::size_t first);

// The fenced completion, then the chunks from `first` on join those that were staged before, and
// the set is shown in place of the former one. The set is dropped without an error if the document
// is gone, has a newer version, or waits for another job by now.
Result<void> complete_embedding(SqliteConnection& connection, const Embedding& embedding,
                                std::size_t first, Now now);

// From now on the document shows none.
void delete_chunks(SqliteConnection& connection, std::int64_t document);

// Deletes up to kChunksPerWrite chunks that nobody will ever see. False: there are no more.
bool sweep_chunks(SqliteConnection& connection);
// Whether there are such chunks. A read.
bool has_waste(SqliteConnection& connection);

// A stored vector: float32, little endian.
std::vector<float> decode_vector(std::span<const std::byte> blob);

}  // namespace holdfast::store::sqlite
