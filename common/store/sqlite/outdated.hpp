// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents whose vectors were made with another provider, model or dimension than the present one.
// Threads: the connection's; throws SQLite::Exception.

#include "common/store/job_rules.hpp"
#include "common/store/now.hpp"
#include "common/store/sqlite/documents.hpp"

#include <string>

namespace holdfast::store::sqlite {

std::int64_t count_outdated(SqliteConnection& connection, const std::string& vector_space);
// As JobQueue::enqueue_outdated().
std::int64_t enqueue_outdated(SqliteConnection& connection, const OutdatedRequest& request,
                              Budgets budgets, Now now);

}  // namespace holdfast::store::sqlite
