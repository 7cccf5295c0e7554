// SPDX-License-Identifier: Apache-2.0
#pragma once

// The schema's version: bringing a database up to date, and refusing one that is not.
//
// Everything lives in the PostgreSQL schema `holdfast`. Each migration is one transaction under an
// advisory lock, so any number of hosts may migrate at once. Workers of an older release go on
// beside a newer schema as long as that only adds (expand); a migration that takes away (contract)
// raises holdfast.schema_floor, and binaries below it are refused from then on.
//
// Threads: any.

#include "common/store/migrations/migrations.hpp"
#include "common/store/postgres/connection.hpp"
#include "common/store/store.hpp"

#include <span>

namespace holdfast::store::postgres {

Result<MigrationReport> migrate(const Endpoint& endpoint, std::span<const Migration> migrations);
// What migrate() would do. Changes nothing.
Result<MigrationStatus> migration_status(const Endpoint& endpoint,
                                         std::span<const Migration> migrations);

// `expected`: the newest version this binary knows.
Result<void> check_schema(PgConnection& connection, std::int64_t expected);

}  // namespace holdfast::store::postgres
