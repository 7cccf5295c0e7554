// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/idempotency.hpp"

#include "common/store/batch_answer.hpp"

namespace holdfast::store::postgres {

namespace {

constexpr std::string_view kReserve =
    "INSERT INTO holdfast.idempotency AS held(scope, key, fingerprint, document_id, job_id,"
    " version, expires_at, answer)"
    " VALUES($1, $2, $3, '', 0, 1, holdfast.now_ms() + $4, '')"
    // One that has expired but is not deleted yet is replaced.
    " ON CONFLICT (scope, key) DO UPDATE SET fingerprint = excluded.fingerprint,"
    " document_id = '', job_id = 0, version = 1, expires_at = excluded.expires_at, answer = ''"
    " WHERE held.expires_at <= excluded.expires_at - $4 RETURNING 1";
constexpr std::string_view kRemember =
    "UPDATE holdfast.idempotency SET document_id = $3, job_id = $4, version = $5, answer = $6"
    " WHERE scope = $1 AND key = $2";
constexpr std::string_view kEarlier =
    "SELECT fingerprint, document_id, job_id, version, answer FROM holdfast.idempotency"
    " WHERE scope = $1 AND key = $2";

// The row of an earlier request; nothing: the key is ours.
std::optional<Rows> find_or_reserve(Transaction& transaction, const IdempotencyKey& key) {
  const Rows reserved = transaction.run(Statement(kReserve).bind(
      Bytes{key.scope}, Bytes{key.key}, Bytes{key.fingerprint}, key.keep_ms));
  if (!reserved.empty()) return std::nullopt;
  return transaction.run(earlier_answer(key));
}

void keep(Transaction& transaction, const IdempotencyKey& key, const Created& created,
          const std::string& batch) {
  transaction.run(Statement(kRemember).bind(Bytes{key.scope}, Bytes{key.key}, created.document_id,
                                            created.job_id, created.version, batch));
}

}  // namespace

Statement earlier_answer(const IdempotencyKey& key) {
  return Statement(kEarlier).bind(Bytes{key.scope}, Bytes{key.key});
}

Result<Created> read_earlier_answer(const Rows& rows, const IdempotencyKey& key) {
  if (rows.empty()) {
    return fail(ErrorKind::Unavailable, "the idempotency key was forgotten meanwhile: try again");
  }
  if (rows.bytes(0, 0) != key.fingerprint) {
    return fail(ErrorKind::KeyReused, "the idempotency key belongs to a different request");
  }
  return Created{rows.text(0, 1), rows.integer(0, 2), rows.integer(0, 3), true};
}

Result<std::optional<Created>> reserve(Transaction& transaction, const IdempotencyKey& key) {
  const auto rows = find_or_reserve(transaction, key);
  if (!rows) return std::nullopt;
  HOLDFAST_TRY_ASSIGN(Created created, read_earlier_answer(*rows, key));
  return created;
}

Result<std::optional<CreatedBatch>> reserve_for_batch(Transaction& transaction,
                                                      const IdempotencyKey& key) {
  const auto rows = find_or_reserve(transaction, key);
  if (!rows) return std::nullopt;
  HOLDFAST_TRY(read_earlier_answer(*rows, key));
  HOLDFAST_TRY_ASSIGN(CreatedBatch batch, parse_batch_answer(rows->bytes(0, 4)));
  return batch;
}

void remember(Transaction& transaction, const IdempotencyKey& key, const Created& created) {
  keep(transaction, key, created, "");
}

void remember_batch(Transaction& transaction, const IdempotencyKey& key,
                    const CreatedBatch& batch) {
  keep(transaction, key, Created{}, format_batch_answer(batch));
}

}  // namespace holdfast::store::postgres
