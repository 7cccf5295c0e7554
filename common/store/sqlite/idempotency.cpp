// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/idempotency.hpp"

#include "common/store/batch_answer.hpp"

namespace holdfast::store::sqlite {

namespace {

struct Answer {
  Created created;
  std::string batch;
};

Result<std::optional<Answer>> find_answer(SqliteConnection& connection, const IdempotencyKey& key,
                                          Now now) {
  Query query = connection.query(
      "SELECT fingerprint, document_id, job_id, version, answer FROM idempotency"
      " WHERE scope = ?1 AND key = ?2 AND expires_at > ?3");
  if (!query.bind(key.scope, key.key, now.wall).step()) return std::nullopt;
  if (query.text(0) != key.fingerprint) {
    return fail(ErrorKind::KeyReused, "the idempotency key belongs to a different request");
  }
  return Answer{{query.text(1), query.integer(2), query.integer(3), true}, query.text(4)};
}

void store_answer(SqliteConnection& connection, const IdempotencyKey& key, const Answer& answer,
                  Now now) {
  // Replaces a key that has expired but is not deleted yet.
  connection
      .query(
          "INSERT OR REPLACE INTO idempotency(scope, key, fingerprint, document_id, job_id,"
          " expires_at, version, answer) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)")
      .bind(key.scope, key.key, key.fingerprint, answer.created.document_id, answer.created.job_id,
            now.wall + key.keep_ms, answer.created.version, answer.batch)
      .run();
}

}  // namespace

Result<std::optional<Created>> find_earlier_answer(SqliteConnection& connection,
                                                   const IdempotencyKey& key, Now now) {
  HOLDFAST_TRY_ASSIGN(auto answer, find_answer(connection, key, now));
  if (!answer) return std::nullopt;
  return std::move(answer->created);
}

void remember(SqliteConnection& connection, const IdempotencyKey& key, const Created& created,
              Now now) {
  store_answer(connection, key, {created, ""}, now);
}

Result<std::optional<CreatedBatch>> find_earlier_batch(SqliteConnection& connection,
                                                       const IdempotencyKey& key, Now now) {
  HOLDFAST_TRY_ASSIGN(const auto answer, find_answer(connection, key, now));
  if (!answer) return std::nullopt;
  HOLDFAST_TRY_ASSIGN(CreatedBatch batch, parse_batch_answer(answer->batch));
  return batch;
}

void remember_batch(SqliteConnection& connection, const IdempotencyKey& key,
                    const CreatedBatch& batch, Now now) {
  store_answer(connection, key, {Created{}, format_batch_answer(batch)}, now);
}

void delete_expired_keys(SqliteConnection& connection, std::int64_t limit, Now now) {
  // Kept since the clock was ahead: from now on for as long as any other.
  connection
      .query(
          "UPDATE idempotency SET expires_at = ?1 WHERE (scope, key) IN (SELECT scope, key"
          " FROM idempotency WHERE expires_at > ?1 ORDER BY expires_at DESC LIMIT ?2)")
      .bind(now.wall + IdempotencyKey{}.keep_ms, limit)
      .run();
  connection
      .query(
          "DELETE FROM idempotency WHERE (scope, key) IN (SELECT scope, key FROM idempotency"
          " WHERE expires_at <= ?1 ORDER BY expires_at LIMIT ?2)")
      .bind(now.wall, limit)
      .run();
}

}  // namespace holdfast::store::sqlite
