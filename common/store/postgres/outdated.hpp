// SPDX-License-Identifier: Apache-2.0
#pragma once

// Documents whose vectors were made with another provider, model or dimension than the present one.
// Threads: the connection's; throws SqlFailure.

#include "common/store/job_rules.hpp"
#include "common/store/postgres/documents.hpp"
#include "common/store/postgres/transaction.hpp"

#include <string>

namespace holdfast::store::postgres {

std::int64_t count_outdated(PgConnection& connection, const std::string& vector_space);
// As JobQueue::enqueue_outdated().
std::int64_t enqueue_outdated(Transaction& transaction, const OutdatedRequest& request,
                              Budgets budgets);

}  // namespace holdfast::store::postgres
