// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/idempotency.hpp"

namespace holdfast::store::sqlite {

Result<std::optional<Created>> find_earlier_answer(SqliteConnection& connection,
                                                   const IdempotencyKey& key, Now now) {
  Query query = connection.query(
      "SELECT fingerprint, document_id, job_id FROM idempotency"
      " WHERE scope = ?1 AND key = ?2 AND expires_at > ?3");
  if (!query.bind(key.scope, key.key, now.wall).step()) return std::nullopt;
  if (query.text(0) != key.fingerprint) {
    return fail(ErrorKind::InvalidArgument, "the idempotency key belongs to a different request");
  }
  return Created{query.text(1), query.integer(2), 1, true};
}

void remember(SqliteConnection& connection, const IdempotencyKey& key, const Created& created,
              Now now) {
  // Replaces a key that has expired but is not deleted yet.
  connection
      .query(
          "INSERT OR REPLACE INTO idempotency(scope, key, fingerprint, document_id, job_id,"
          " expires_at) VALUES(?1, ?2, ?3, ?4, ?5, ?6)")
      .bind(key.scope, key.key, key.fingerprint, created.document_id, created.job_id,
            now.wall + key.keep_ms)
      .run();
}

void delete_expired_keys(SqliteConnection& connection, std::int64_t limit, Now now) {
  connection
      .query(
          "DELETE FROM idempotency WHERE (scope, key) IN (SELECT scope, key FROM idempotency"
          " WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)")
      .bind(now.wall, limit)
      .run();
}

}  // namespace holdfast::store::sqlite
