// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/idempotency.hpp"

#include "common/text/number.hpp"

#include <algorithm>

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
    return fail(ErrorKind::InvalidArgument, "the idempotency key belongs to a different request");
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

// A line for each document: "ID JOB".
Result<std::optional<CreatedBatch>> find_earlier_batch(SqliteConnection& connection,
                                                       const IdempotencyKey& key, Now now) {
  HOLDFAST_TRY_ASSIGN(const auto answer, find_answer(connection, key, now));
  if (!answer) return std::nullopt;
  CreatedBatch batch;
  batch.repeated = true;
  std::string_view rest = answer->batch;
  while (!rest.empty()) {
    const std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(line.size() + 1, rest.size()));
    const std::size_t space = line.find(' ');
    const auto job = space == std::string_view::npos
                         ? std::nullopt
                         : text::parse_number<std::int64_t>(line.substr(space + 1));
    if (!job) return fail(ErrorKind::DataLoss, "a batch's answer is damaged");
    batch.documents.push_back({std::string(line.substr(0, space)), *job, 1, true});
  }
  return batch;
}

void remember_batch(SqliteConnection& connection, const IdempotencyKey& key,
                    const CreatedBatch& batch, Now now) {
  std::string lines;
  for (const Created& created : batch.documents)
    lines += fmt::format("{} {}\n", created.document_id, created.job_id);
  store_answer(connection, key, {Created{}, std::move(lines)}, now);
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
