// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/api_keys.hpp"

namespace holdfast::store::sqlite {

namespace {

#define HOLDFAST_API_KEY_COLUMNS                                                           \
  "id, name, digest, scope, rate_limit, created_at, last_used_at, revoked_at, expires_at," \
  " coalesce(lineage, id)"

std::optional<std::int64_t> optional_integer(const Query& row, int column) {
  if (row.is_null(column)) return {};
  return row.integer(column);
}

ApiKey read_api_key(const Query& row, Now now) {
  ApiKey key;
  key.id = row.text(0);
  key.name = row.text(1);
  const std::span<const std::byte> digest = row.blob(2);
  key.digest.assign(reinterpret_cast<const char*>(digest.data()), digest.size());
  key.scope = static_cast<Scope>(row.integer(3));
  if (const auto limit = optional_integer(row, 4)) {
    key.rate_limit = static_cast<std::uint32_t>(*limit);
  }
  key.created_at = row.integer(5);
  key.last_used_at = optional_integer(row, 6);
  key.revoked_at = optional_integer(row, 7);
  key.expires_at = optional_integer(row, 8);
  key.lineage = row.text(9);
  key.read_at = now.wall;
  return key;
}

Failure no_such_key(const std::string& id) {
  return fail(ErrorKind::NotFound, fmt::format("there is no API key '{}'", id));
}

bool exists(SqliteConnection& connection, const std::string& id) {
  return connection.query("SELECT 1 FROM api_key WHERE id = ?1").bind(id).step();
}

}  // namespace

Result<void> create_api_key(SqliteConnection& connection, const ApiKey& key, Now now) {
  if (exists(connection, key.id)) {
    return fail(ErrorKind::Conflict, fmt::format("there is an API key '{}' already", key.id));
  }
  const auto digest = std::as_bytes(std::span(key.digest.data(), key.digest.size()));
  // 0 stands for none: a limit of its own is at least 1.
  connection
      .query(
          "INSERT INTO api_key(id, name, digest, scope, rate_limit, created_at, expires_at,"
          " lineage) VALUES(?1, ?2, ?3, ?4, nullif(?5, 0), ?6, nullif(?7, 0), nullif(?8, ''))")
      .bind(key.id, key.name, digest, static_cast<std::int64_t>(key.scope),
            static_cast<std::int64_t>(key.rate_limit.value_or(0)), now.wall,
            key.expires_at.value_or(0), key.lineage)
      .run();
  return {};
}

Result<ApiKey> rotate_api_key(SqliteConnection& connection, const std::string& id, ApiKey successor,
                              Duration overlap, Now now) {
  HOLDFAST_TRY_ASSIGN(const ApiKey old, get_api_key(connection, id, now));
  if (!old.is_valid_at(now.wall)) {
    return fail(ErrorKind::Conflict, fmt::format("API key '{}' {}: create a new one", id,
                                                 old.revoked_at ? "is revoked" : "has expired"));
  }
  successor.name = old.name;
  successor.scope = old.scope;
  successor.rate_limit = old.rate_limit;
  successor.lineage = old.lineage;
  if (!successor.expires_at && old.expires_at) {
    successor.expires_at = now.wall + (*old.expires_at - old.created_at);
  }
  HOLDFAST_TRY(create_api_key(connection, successor, now));
  const std::int64_t until =
      now.wall + std::chrono::duration_cast<std::chrono::milliseconds>(overlap).count();
  connection
      .query("UPDATE api_key SET expires_at = min(coalesce(expires_at, ?2), ?2) WHERE id = ?1")
      .bind(id, until)
      .run();
  return get_api_key(connection, successor.id, now);
}

Result<void> revoke_api_key(SqliteConnection& connection, const std::string& id, Now now) {
  if (!exists(connection, id)) return no_such_key(id);
  connection.query("UPDATE api_key SET revoked_at = ?2 WHERE id = ?1 AND revoked_at IS NULL")
      .bind(id, now.wall)
      .run();
  return {};
}

Result<void> note_api_key_uses(SqliteConnection& connection, const std::vector<ApiKeyUse>& uses) {
  for (const ApiKeyUse& use : uses) {
    connection
        .query(
            "UPDATE api_key SET last_used_at = ?2"
            " WHERE id = ?1 AND coalesce(last_used_at, 0) < ?2")
        .bind(use.id, use.at)
        .run();
  }
  return {};
}

Result<ApiKey> get_api_key(SqliteConnection& connection, const std::string& id, Now now) {
  Query query = connection.query("SELECT " HOLDFAST_API_KEY_COLUMNS " FROM api_key WHERE id = ?1");
  if (!query.bind(id).step()) return no_such_key(id);
  return read_api_key(query, now);
}

std::vector<ApiKey> list_api_keys(SqliteConnection& connection, Now now) {
  Query query =
      connection.query("SELECT " HOLDFAST_API_KEY_COLUMNS " FROM api_key ORDER BY created_at, id");
  std::vector<ApiKey> keys;
  while (query.step())
    keys.push_back(read_api_key(query, now));
  return keys;
}

ExpiringApiKeys expiring_api_keys(SqliteConnection& connection, Duration within, Now now) {
  const std::int64_t until =
      now.wall + std::chrono::duration_cast<std::chrono::milliseconds>(within).count();
  Query query = connection.query(
      "SELECT count(*) FILTER (WHERE last_end <= ?2), coalesce(min(last_end), 0) FROM"
      " (SELECT max(expires_at) AS last_end FROM api_key"
      " WHERE revoked_at IS NULL AND coalesce(expires_at > ?1, true)"
      " GROUP BY coalesce(lineage, id) HAVING count(*) = count(expires_at))");
  query.bind(now.wall, until).step();
  return {query.integer(0), query.integer(1)};
}

#undef HOLDFAST_API_KEY_COLUMNS

}  // namespace holdfast::store::sqlite
