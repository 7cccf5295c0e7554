// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents. The writes run inside the caller's transaction; all throw SQLite::Exception.

#include "common/store/now.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/store.hpp"

#include <string>

namespace holdfast::store::sqlite {

struct Budgets {
  std::int64_t max_attempts = 10;
  std::int64_t max_crashes = 3;
};

// With its job, which carries {"document_id","version","request_id","traceparent"}.
Result<Created> create_document(SqliteConnection& connection, const NewDocument& document,
                                Budgets budgets, Now now);

// The job of the version before is cancelled, or asked to stop if it runs.
Result<CreatedBatch> create_documents(SqliteConnection& connection,
                                      const std::vector<NewDocument>& documents,
                                      const std::optional<IdempotencyKey>& key, Budgets budgets,
                                      Now now);
Result<Created> replace_document(SqliteConnection& connection, const NewDocument& document,
                                 const Condition& expected, Budgets budgets, Now now);

// With its chunks. Its job is cancelled, or asked to stop if it runs.
Result<void> delete_document(SqliteConnection& connection, const std::string& id,
                             const Condition& expected, Now now);

// Without content if that has more bytes than this.
Result<Document> get_document(SqliteConnection& connection, const std::string& id,
                              std::int64_t max_content_bytes);
Result<Page> list_documents(SqliteConnection& connection, const DocumentQuery& query);

}  // namespace holdfast::store::sqlite
