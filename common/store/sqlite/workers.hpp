// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rows of live worker processes: one lease per process, not per job. Each function runs inside
// the caller's write transaction and throws SQLite::Exception.

#include "common/store/now.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/store.hpp"
#include "common/store/worker_rules.hpp"

#include <string>

namespace holdfast::store::sqlite {

// Rescues what dead incarnations of this name left on this host. One that is still alive, draining
// in a rolling restart, keeps its row and its jobs; so does a worker of this name on another host.
std::int64_t register_worker(SqliteConnection& connection, const WorkerIdentity& identity,
                             const HostIdentity& here, Duration lease, Now now);

HeartbeatReply heartbeat(SqliteConnection& connection, std::int64_t worker_id, Duration lease,
                         Now now);

// Gives its jobs back first. A worker that is gone is not an error.
void unregister_worker(SqliteConnection& connection, std::int64_t worker_id, Now now);

}  // namespace holdfast::store::sqlite
