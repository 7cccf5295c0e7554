// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/api_keys.hpp"

#include "common/store/now.hpp"
#include "common/store/postgres/documents.hpp"

#include <algorithm>

namespace holdfast::store::postgres {

namespace {

#define HOLDFAST_API_KEY_COLUMNS                                                           \
  "id, name, digest, scope, rate_limit, created_at, last_used_at, revoked_at, expires_at," \
  " coalesce(lineage, id), holdfast.now_ms()"

constexpr std::string_view kInsertKey =
    "INSERT INTO holdfast.api_key(id, name, digest, scope, rate_limit, created_at, expires_at,"
    " lineage) VALUES($1, $2, $3, $4, $5, holdfast.now_ms(), $6, nullif($7, '')) ON CONFLICT (id) "
    "DO NOTHING"
    " RETURNING " HOLDFAST_API_KEY_COLUMNS;
constexpr std::string_view kLockKey =
    "SELECT " HOLDFAST_API_KEY_COLUMNS " FROM holdfast.api_key WHERE id = $1 FOR UPDATE";
constexpr std::string_view kShorten =
    "UPDATE holdfast.api_key SET expires_at = least(coalesce(expires_at, $2), $2) WHERE id = $1";
// Again, it changes nothing.
constexpr std::string_view kRevoke =
    "UPDATE holdfast.api_key SET revoked_at = coalesce(revoked_at, holdfast.now_ms())"
    " WHERE id = $1";
// In the order of the ids: two who note at once do not wait for each other in a circle.
constexpr std::string_view kNoteUses =
    "WITH used AS MATERIALIZED (SELECT k.id, u.at FROM holdfast.api_key AS k"
    " JOIN (SELECT id, max(at) AS at FROM unnest($1::text[], $2::bigint[]) AS u(id, at)"
    " GROUP BY id) AS u ON u.id = k.id WHERE coalesce(k.last_used_at, 0) < u.at"
    " ORDER BY k.id FOR NO KEY UPDATE OF k)"
    " UPDATE holdfast.api_key AS k SET last_used_at = used.at FROM used"
    " WHERE k.id = used.id AND coalesce(k.last_used_at, 0) < used.at";
constexpr std::string_view kGetKey =
    "SELECT " HOLDFAST_API_KEY_COLUMNS " FROM holdfast.api_key WHERE id = $1";
constexpr std::string_view kListKeys =
    "SELECT " HOLDFAST_API_KEY_COLUMNS " FROM holdfast.api_key ORDER BY created_at, id";
constexpr std::string_view kExpiring =
    "WITH ends AS (SELECT max(expires_at) AS last_end"
    " FROM holdfast.api_key, holdfast.now_ms() AS now"
    " WHERE revoked_at IS NULL AND coalesce(expires_at > now, true)"
    " GROUP BY coalesce(lineage, id) HAVING count(*) = count(expires_at))"
    " SELECT count(*) FILTER (WHERE last_end <= holdfast.now_ms() + $1),"
    " coalesce(min(last_end), 0) FROM ends";
#undef HOLDFAST_API_KEY_COLUMNS

ApiKey read_api_key(const Rows& rows, int row) {
  ApiKey key;
  key.id = rows.text(row, 0);
  key.name = rows.text(row, 1);
  key.digest = rows.text(row, 2);
  key.scope = static_cast<Scope>(rows.integer(row, 3));
  if (const auto limit = rows.optional_integer(row, 4)) {
    key.rate_limit = static_cast<std::uint32_t>(*limit);
  }
  key.created_at = rows.integer(row, 5);
  key.last_used_at = rows.optional_integer(row, 6);
  key.revoked_at = rows.optional_integer(row, 7);
  key.expires_at = rows.optional_integer(row, 8);
  key.lineage = rows.text(row, 9);
  key.read_at = rows.integer(row, 10);
  return key;
}

Failure no_such_key(const std::string& id) {
  return fail(ErrorKind::NotFound, fmt::format("there is no API key '{}'", id));
}

Result<ApiKey> insert(Transaction& transaction, const ApiKey& key) {
  std::optional<std::int64_t> limit;
  if (key.rate_limit) limit = std::int64_t{*key.rate_limit};
  const Rows stored = transaction.run(Statement(kInsertKey)
                                          .bind(key.id, key.name, Bytes{key.digest},
                                                static_cast<std::int64_t>(key.scope), limit,
                                                key.expires_at, key.lineage));
  if (stored.empty()) {
    return fail(ErrorKind::Conflict, fmt::format("there is an API key '{}' already", key.id));
  }
  return read_api_key(stored, 0);
}

}  // namespace

Result<void> create_api_key(Transaction& transaction, const ApiKey& key) {
  HOLDFAST_TRY(insert(transaction, key));
  return {};
}

Result<ApiKey> rotate_api_key(Transaction& transaction, const std::string& id, ApiKey successor,
                              Duration overlap) {
  if (!is_storable_text(id)) return no_such_key(id);
  const Rows locked = transaction.run(Statement(kLockKey).bind(id));
  if (locked.empty()) return no_such_key(id);
  const ApiKey old = read_api_key(locked, 0);
  const std::int64_t now = old.read_at;
  if (!old.is_valid_at(now)) {
    return fail(ErrorKind::Conflict, fmt::format("API key '{}' {}: create a new one", id,
                                                 old.revoked_at ? "is revoked" : "has expired"));
  }
  successor.name = old.name;
  successor.scope = old.scope;
  successor.rate_limit = old.rate_limit;
  successor.lineage = old.lineage;
  if (!successor.expires_at && old.expires_at) {
    successor.expires_at = now + (*old.expires_at - old.created_at);
  }
  HOLDFAST_TRY_ASSIGN(ApiKey stored, insert(transaction, successor));
  transaction.run(Statement(kShorten).bind(id, now + to_ms(overlap)));
  return stored;
}

Result<void> revoke_api_key(Transaction& transaction, const std::string& id) {
  if (!is_storable_text(id)) return no_such_key(id);
  if (transaction.run(Statement(kRevoke).bind(id)).affected() == 0) return no_such_key(id);
  return {};
}

Statement note_uses_statement(const std::vector<ApiKeyUse>& uses) {
  std::vector<std::string> ids;
  std::vector<std::int64_t> times;
  for (const ApiKeyUse& use : uses) {
    ids.push_back(use.id);
    times.push_back(use.at);
  }
  return Statement(kNoteUses).bind(ids, times);
}

Result<ApiKey> get_api_key(PgConnection& connection, const std::string& id) {
  if (!is_storable_text(id)) return no_such_key(id);
  const Rows rows = ask(connection, Statement(kGetKey).bind(id));
  if (rows.empty()) return no_such_key(id);
  return read_api_key(rows, 0);
}

std::vector<ApiKey> list_api_keys(PgConnection& connection) {
  const Rows rows = ask(connection, Statement(kListKeys));
  std::vector<ApiKey> keys;
  for (int row = 0; row < rows.count(); ++row)
    keys.push_back(read_api_key(rows, row));
  return keys;
}

ExpiringApiKeys expiring_api_keys(PgConnection& connection, Duration within) {
  const Rows row = ask(connection, Statement(kExpiring).bind(to_ms(within)));
  return {row.integer(0, 0), row.integer(0, 1)};
}

}  // namespace holdfast::store::postgres
