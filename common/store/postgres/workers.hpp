// SPDX-License-Identifier: Apache-2.0
#pragma once

// The rows of live worker processes: one lease per process, not per job, by the server's clock. A
// worker is judged by its process on its own host, and by its lease from everywhere else
// (worker_rules.hpp).
//
// Threads: the connection's; all but the pure functions throw SqlFailure.

#include "common/store/postgres/transaction.hpp"
#include "common/store/store.hpp"

#include <span>
#include <vector>

namespace holdfast::store::postgres {

// Rescues what dead incarnations of this name left on this host. One that is still alive, draining
// in a rolling restart, keeps its row and its jobs; so does a worker of this name on another host.
Result<std::int64_t> register_worker(Transaction& transaction, const WorkerIdentity& identity,
                                     const HostIdentity& here, Duration lease);
// `lease`: this process's, 0 if it has none.
Result<std::int64_t> rescue_expired(Transaction& transaction, const HostIdentity& here,
                                    Duration lease);

std::vector<Statement> heartbeat_statements(std::int64_t worker_id, Duration lease);
HeartbeatReply read_heartbeat(std::span<const Rows> rows);

// Gives its jobs back first. A worker that is gone is not an error.
std::vector<Statement> unregister_statements(std::int64_t worker_id);

}  // namespace holdfast::store::postgres
