// SPDX-License-Identifier: Apache-2.0
#pragma once

// API keys in PostgreSQL; the contract is ApiKeyStore's. They throw SqlFailure.

#include "common/store/postgres/transaction.hpp"
#include "common/store/types.hpp"

#include <string>
#include <vector>

namespace holdfast::store::postgres {

Result<void> create_api_key(Transaction& transaction, const ApiKey& key);
Result<ApiKey> rotate_api_key(Transaction& transaction, const std::string& id, ApiKey successor,
                              Duration overlap);
Result<void> revoke_api_key(Transaction& transaction, const std::string& id);
Statement note_uses_statement(const std::vector<ApiKeyUse>& uses);

Result<ApiKey> get_api_key(PgConnection& connection, const std::string& id);
std::vector<ApiKey> list_api_keys(PgConnection& connection);
ExpiringApiKeys expiring_api_keys(PgConnection& connection, Duration within);

}  // namespace holdfast::store::postgres
