// SPDX-License-Identifier: Apache-2.0
#pragma once

// API keys in SQLite; the contract is ApiKeyStore's. They throw SQLite::Exception.

#include "common/store/now.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/types.hpp"

namespace holdfast::store::sqlite {

Result<void> create_api_key(SqliteConnection& connection, const ApiKey& key, Now now);
Result<ApiKey> rotate_api_key(SqliteConnection& connection, const std::string& id, ApiKey successor,
                              Duration overlap, Now now);
Result<void> revoke_api_key(SqliteConnection& connection, const std::string& id, Now now);
Result<void> note_api_key_uses(SqliteConnection& connection, const std::vector<ApiKeyUse>& uses);
Result<ApiKey> get_api_key(SqliteConnection& connection, const std::string& id, Now now);
std::vector<ApiKey> list_api_keys(SqliteConnection& connection, Now now);
ExpiringApiKeys expiring_api_keys(SqliteConnection& connection, Duration within, Now now);

}  // namespace holdfast::store::sqlite
