// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rows of live worker processes: one lease per process, not per job. Each function runs inside
// the caller's write transaction and throws SQLite::Exception.

#include "common/store/sqlite/connection.hpp"
#include "common/store/sqlite/now.hpp"
#include "common/store/store.hpp"

#include <string>

namespace holdfast::store::sqlite {

// Rescues what dead incarnations of this name left. One that is still alive, draining in a rolling
// restart, keeps its row and its jobs.
std::int64_t register_worker(Connection& connection, const WorkerIdentity& identity,
                             const std::string& boot, Duration lease, Now now);

HeartbeatReply heartbeat(Connection& connection, std::int64_t worker_id, Duration lease, Now now);

// Gives its jobs back first. A worker that is gone is no error.
void unregister_worker(Connection& connection, std::int64_t worker_id, Now now);

}  // namespace holdfast::store::sqlite
