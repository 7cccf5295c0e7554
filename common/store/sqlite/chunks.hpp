// SPDX-License-Identifier: Apache-2.0
#pragma once

// A document's chunks and their vectors. Triggers keep the full text in step, and each change is
// logged for the vector indexes of other processes. Inside the caller's write transaction; throws
// SQLite::Exception.

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
  std::vector<Chunk> chunks;
};

// The fenced completion, then the chunks. These are dropped without an error if the document is
// gone, has a newer version, or waits for another job by now.
Result<void> complete_embedding(SqliteConnection& connection, const Embedding& embedding, Now now);

void delete_chunks(SqliteConnection& connection, std::int64_t document);

// A stored vector: float32, little endian.
std::vector<float> decode_vector(std::span<const std::byte> blob);

}  // namespace holdfast::store::sqlite
