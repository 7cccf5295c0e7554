// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents. Threads: the connection's; all but the pure functions throw SqlFailure.

#include "common/store/postgres/transaction.hpp"
#include "common/store/store.hpp"

#include <span>
#include <string>
#include <vector>

namespace holdfast::store::postgres {

struct Budgets {
  std::int64_t max_attempts = 10;
  std::int64_t max_crashes = 3;
};

// The statements that create a document with its job and its idempotency key, and what their
// results say. They refer to `document`.
std::vector<Statement> create_statements(const NewDocument& document, Budgets budgets);
Result<Created> read_created(std::span<const Rows> rows, const NewDocument& document);

Result<CreatedBatch> create_documents(Transaction& transaction,
                                      const std::vector<NewDocument>& documents,
                                      const std::optional<IdempotencyKey>& key, Budgets budgets);
// The job of the version before is cancelled, or asked to stop if it runs.
Result<Created> replace_document(Transaction& transaction, const NewDocument& document,
                                 const Condition& expected, Budgets budgets);
// With its chunks. Its job is cancelled, or asked to stop if it runs.
Result<void> delete_document(Transaction& transaction, const std::string& id,
                             const Condition& expected);

// Without content if that has more bytes than this.
Result<Document> get_document(PgConnection& connection, const std::string& id,
                              std::int64_t max_content_bytes);
Result<Page> list_documents(PgConnection& connection, const DocumentQuery& query);

// One statement outside a transaction; throws SqlFailure.
Rows ask(PgConnection& connection, const Statement& statement);

}  // namespace holdfast::store::postgres
