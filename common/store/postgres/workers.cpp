// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/workers.hpp"

#include "common/base/failpoint.hpp"
#include "common/os/proc.hpp"
#include "common/store/now.hpp"
#include "common/store/postgres/jobs.hpp"
#include "common/store/statement.hpp"

#include <unistd.h>

namespace holdfast::store::postgres {

namespace {

// In the order of their ids: two who rescue at once do not wait for each other in a circle.
constexpr std::string_view kOfName =
    "SELECT id, host, boot_id, pid, pid_started FROM holdfast.worker WHERE name = $1"
    " ORDER BY id FOR UPDATE";
constexpr std::string_view kRegister =
    "INSERT INTO holdfast.worker(name, incarnation, host, boot_id, pid, pid_started,"
    " registered_at, lease_until) SELECT $1, $2, $3, $4, $5, $6, now, now + $7"
    " FROM holdfast.now_ms() AS now RETURNING id";
constexpr std::string_view kAll =
    "SELECT id, host, boot_id, lease_until, holdfast.now_ms() FROM holdfast.worker ORDER BY id";
// Its heartbeat may have come meanwhile; then the lease differs from what was judged.
constexpr std::string_view kLockUnchanged =
    "SELECT 1 FROM holdfast.worker WHERE id = $1 AND lease_until = $2 FOR UPDATE SKIP LOCKED";
constexpr std::string_view kRenew =
    "UPDATE holdfast.worker SET lease_until = holdfast.now_ms() + $2 WHERE id = $1";
constexpr std::string_view kToStop = statement<
    "SELECT id, fence FROM holdfast.job WHERE state = {job.running} AND worker_id = $1"
    " AND (cancel_requested OR deadline_at < holdfast.now_ms())">;
// The clock was set back behind the start of these: they have their time from now on.
constexpr std::string_view kTimeFromNow = statement<
    "UPDATE holdfast.job SET deadline_at = now + deadline_at - started_at, started_at = now"
    " FROM holdfast.now_ms() AS now WHERE state = {job.running} AND worker_id = $1"
    " AND started_at > now">;
// See kLeasesAhead.
constexpr std::string_view kLeaseFromNow =
    "UPDATE holdfast.worker SET lease_until = now + $1 FROM holdfast.now_ms() AS now"
    " WHERE lease_until > now + $1";
constexpr std::string_view kForgetWorker = "DELETE FROM holdfast.worker WHERE id = $1";

bool is_dead_here(const Rows& rows, int row, const HostIdentity& here) {
  const WorkerRecord worker{{rows.text(row, 1), rows.text(row, 2)}, 0, 0};
  if (!on_host(worker, here)) return false;
  const auto pid = static_cast<pid_t>(rows.integer(row, 3));
  // If this very process registers again, nobody owns what it held before.
  const bool alive =
      in_this_boot(worker, here) && pid != ::getpid() && process_alive(pid, rows.integer(row, 4));
  return !alive;
}

}  // namespace

Result<std::int64_t> register_worker(Transaction& transaction, const WorkerIdentity& identity,
                                     const HostIdentity& here, Duration lease) {
  const std::string why = identity.predecessor.empty() ? "worker lost" : identity.predecessor;
  const Rows namesakes = transaction.run(Statement(kOfName).bind(identity.name));
  for (int row = 0; row < namesakes.count(); ++row) {
    if (is_dead_here(namesakes, row, here)) {
      rescue_worker(transaction, namesakes.integer(row, 0), why);
    }
  }
  const pid_t pid = ::getpid();
  const Rows registered = transaction.run(Statement(kRegister).bind(
      identity.name, static_cast<std::int64_t>(identity.incarnation), here.host, here.boot,
      std::int64_t{pid}, process_started(pid), to_ms(lease)));
  return registered.integer(0, 0);
}

Result<std::int64_t> rescue_expired(Transaction& transaction, const HostIdentity& here,
                                    Duration lease) {
  std::int64_t jobs = 0;
  if (lease > Duration::zero()) {
    transaction.run(Statement(kLeaseFromNow).bind(to_ms(kLeasesAhead * lease)));
  }
  const Rows workers = transaction.run(Statement(kAll));
  for (int row = 0; row < workers.count(); ++row) {
    // One clock for both times: the server's.
    const std::int64_t lease_until = workers.integer(row, 3);
    const std::int64_t now = workers.integer(row, 4);
    const WorkerRecord worker{
        {workers.text(row, 1), workers.text(row, 2)}, lease_until, lease_until};
    const auto why = reason_lost(worker, here, Now{now, now});
    if (!why) continue;
    const std::int64_t id = workers.integer(row, 0);
    if (transaction.run(Statement(kLockUnchanged).bind(id, lease_until)).empty()) continue;
    jobs += rescue_worker(transaction, id, std::string(*why));
  }
  return jobs;
}

std::vector<Statement> heartbeat_statements(std::int64_t worker_id, Duration lease) {
  return {Statement(kRenew).bind(worker_id, to_ms(lease)), Statement(kToStop).bind(worker_id),
          Statement(kTimeFromNow).bind(worker_id)};
}

HeartbeatReply read_heartbeat(std::span<const Rows> rows) {
  failpoint(FaultStep::Renewed);
  HeartbeatReply reply;
  reply.alive = rows[0].affected() == 1;
  for (int row = 0; row < rows[1].count(); ++row)
    reply.to_stop.push_back({rows[1].integer(row, 0), rows[1].integer(row, 1)});
  return reply;
}

std::vector<Statement> unregister_statements(std::int64_t worker_id) {
  std::vector<Statement> statements = release_statements(worker_id);
  statements.push_back(Statement(kForgetWorker).bind(worker_id));
  return statements;
}

}  // namespace holdfast::store::postgres
