// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/workers.hpp"

#include "common/base/failpoint.hpp"
#include "common/os/exit_codes.hpp"
#include "common/os/proc.hpp"
#include "common/store/sqlite/queue_finish.hpp"
#include "common/store/sqlite/queue_rescue.hpp"
#include "common/store/statement.hpp"

#include <unistd.h>

namespace holdfast::store::sqlite {

namespace {

// Incarnations of this name on this host whose process is gone.
std::vector<std::int64_t> dead_incarnations(SqliteConnection& connection, const std::string& name,
                                            const HostIdentity& here) {
  Query query =
      connection.query("SELECT id, host, boot_id, pid, pid_started FROM worker WHERE name = ?1");
  query.bind(name);
  std::vector<std::int64_t> dead;
  while (query.step()) {
    const WorkerRecord worker{{query.text(1), query.text(2)}, 0, 0};
    if (!on_host(worker, here)) continue;
    const auto pid = static_cast<pid_t>(query.integer(3));
    // If this very process registers again, nobody owns what it held before.
    const bool alive =
        in_this_boot(worker, here) && pid != ::getpid() && process_alive(pid, query.integer(4));
    if (!alive) dead.push_back(query.integer(0));
  }
  return dead;
}

}  // namespace

std::int64_t register_worker(SqliteConnection& connection, const WorkerIdentity& identity,
                             const HostIdentity& here, Duration lease, Now now) {
  const std::string why = identity.predecessor.empty() ? "worker lost" : identity.predecessor;
  // It let go of files that were deleted, and could not store that it gave its jobs back.
  const bool left = why == fmt::format("exit {}", exit_code::kUnavailable);
  for (const std::int64_t id : dead_incarnations(connection, identity.name, here)) {
    if (left) {
      unregister_worker(connection, id, now);
    } else {
      rescue_worker(connection, id, why, now);
    }
  }
  const pid_t pid = ::getpid();
  connection
      .query(
          "INSERT INTO worker(name, incarnation, host, boot_id, pid, pid_started, registered_at,"
          " lease_until, lease_until_mono) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)")
      .bind(identity.name, static_cast<std::int64_t>(identity.incarnation), here.host, here.boot,
            static_cast<std::int64_t>(pid), process_started(pid), now.wall, now.wall + to_ms(lease),
            now.mono + to_ms(lease))
      .run();
  return connection.last_insert_id();
}

HeartbeatReply heartbeat(SqliteConnection& connection, std::int64_t worker_id, Duration lease,
                         Now now) {
  HeartbeatReply reply;
  reply.alive =
      connection.query("UPDATE worker SET lease_until = ?2, lease_until_mono = ?3 WHERE id = ?1")
          .bind(worker_id, now.wall + to_ms(lease), now.mono + to_ms(lease))
          .run() == 1;
  failpoint(FaultStep::Renewed);
  Query query = connection.query(
      statement<"SELECT id, fence FROM job WHERE state = {job.running} AND worker_id = ?1"
                " AND (cancel_requested OR deadline_mono < ?2)">);
  query.bind(worker_id, now.mono);
  while (query.step())
    reply.to_stop.push_back({query.integer(0), query.integer(1)});
  return reply;
}

void unregister_worker(SqliteConnection& connection, std::int64_t worker_id, Now now) {
  release_jobs(connection, worker_id, now);
  connection.query("DELETE FROM worker WHERE id = ?1").bind(worker_id).run();
}

}  // namespace holdfast::store::sqlite
