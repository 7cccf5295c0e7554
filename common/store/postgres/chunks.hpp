// SPDX-License-Identifier: Apache-2.0
#pragma once

// A document's chunks, their vectors and their words. Each change is logged for the vectors that
// other processes hold. Threads: the connection's; all but the pure functions throw SqlFailure.

#include "common/store/postgres/transaction.hpp"
#include "common/store/store.hpp"

#include <span>
#include <string>
#include <vector>

namespace holdfast::store::postgres {

struct Embedding {
  JobKey key;
  std::string document_id;
  std::int64_t version = 0;
  EmbeddedText text;
  std::string vector_space;
};

// The fenced completion with the chunks. These are dropped without an error if the document is
// gone, has a newer version, or waits for another job by now. The statements refer to `embedding`.
// `with_copies`: the table has a column for them (hnsw.hpp).
std::vector<Statement> embed_statements(const Embedding& embedding, bool with_copies);
Result<void> read_embedded(std::span<const Rows> rows, JobKey key);

void delete_chunks(Transaction& transaction, std::int64_t document);

// The fenced completion of jobs that have nothing else to write.
Statement complete_statement(std::span<const JobKey> keys);
// Conflict if the job is not among those that such a statement has completed.
Result<void> read_completed(const Rows& rows, JobKey key);

}  // namespace holdfast::store::postgres
