// SPDX-License-Identifier: Apache-2.0
#pragma once

// Another chance for a job, asked for by a person. Runs inside the caller's write transaction;
// throws SQLite::Exception.

#include "common/store/sqlite/connection.hpp"
#include "common/store/sqlite/now.hpp"
#include "common/store/store.hpp"

namespace holdfast::store::sqlite {

// As JobQueue::retry_job says. The job as it is afterwards.
Result<Job> retry_job(Connection& connection, std::int64_t id, Now now);

}  // namespace holdfast::store::sqlite
