// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/workers.hpp"

#include "common/os/proc.hpp"
#include "common/store/sqlite/queue_finish.hpp"
#include "common/store/sqlite/queue_rescue.hpp"

#include <unistd.h>

namespace holdfast::store::sqlite {

namespace {

std::vector<std::int64_t> dead_incarnations(Connection& connection, const std::string& name,
                                            const std::string& boot) {
  Query query =
      connection.query("SELECT id, boot_id, pid, pid_started FROM worker WHERE name = ?1");
  query.bind(name);
  std::vector<std::int64_t> dead;
  while (query.step()) {
    const auto pid = static_cast<pid_t>(query.integer(2));
    // This very process has come back to register again: what it held before is nobody's.
    const bool alive =
        query.text(1) == boot && pid != ::getpid() && process_alive(pid, query.integer(3));
    if (!alive) dead.push_back(query.integer(0));
  }
  return dead;
}

}  // namespace

std::int64_t register_worker(Connection& connection, const WorkerIdentity& identity,
                             const std::string& boot, Duration lease, Now now) {
  const std::string why = identity.predecessor.empty() ? "worker lost" : identity.predecessor;
  for (const std::int64_t id : dead_incarnations(connection, identity.name, boot)) {
    rescue_worker(connection, id, why, now);
  }
  const pid_t pid = ::getpid();
  connection
      .query(
          "INSERT INTO worker(name, incarnation, boot_id, pid, pid_started, registered_at,"
          " lease_until_mono) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)")
      .bind(identity.name, static_cast<std::int64_t>(identity.incarnation), boot,
            static_cast<std::int64_t>(pid), process_started(pid), now.wall, now.mono + to_ms(lease))
      .run();
  return connection.last_insert_id();
}

HeartbeatReply heartbeat(Connection& connection, std::int64_t worker_id, Duration lease, Now now) {
  HeartbeatReply reply;
  reply.alive = connection.query("UPDATE worker SET lease_until_mono = ?2 WHERE id = ?1")
                    .bind(worker_id, now.mono + to_ms(lease))
                    .run() == 1;
  Query query = connection.query(
      "SELECT id, fence FROM job WHERE state = 2 AND worker_id = ?1"
      " AND (cancel_requested OR deadline_mono < ?2)");
  query.bind(worker_id, now.mono);
  while (query.step())
    reply.to_stop.push_back({query.integer(0), query.integer(1)});
  return reply;
}

void unregister_worker(Connection& connection, std::int64_t worker_id, Now now) {
  release_jobs(connection, worker_id, now);
  connection.query("DELETE FROM worker WHERE id = ?1").bind(worker_id).run();
}

}  // namespace holdfast::store::sqlite
