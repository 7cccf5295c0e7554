// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/outdated.hpp"

#include "common/store/now.hpp"
#include "common/store/statement.hpp"

namespace holdfast::store::postgres {

namespace {

// "Other than" as two ranges, so that the index finds the few among the many.
constexpr std::string_view kCountOutdated = statement<
    "SELECT (SELECT count(*) FROM holdfast.document WHERE status = {document.ready}"
    " AND vector_space < $1) + (SELECT count(*) FROM holdfast.document"
    " WHERE status = {document.ready} AND vector_space > $1)">;
constexpr std::string_view kCountWaiting = statement<
    "SELECT count(*) FROM holdfast.job WHERE state IN ({job.ready}, {job.waiting})"
    " AND queue = 'default' AND priority = $1">;
// One worker at a time: two would enqueue the same documents.
constexpr std::string_view kAlone =
    "SELECT pg_try_advisory_xact_lock(hashtext('holdfast.enqueue_outdated'))";
// One whose job is dead or was cancelled is left alone, until that is forgotten. One that was
// stored later than now was so before the clock was set back: it is old. One that is just being
// replaced is skipped. $1 space, $2 age, $3 limit, $4 priority, $5 max_attempts, $6 max_crashes.
#define HOLDFAST_OUTDATED_IN(range)                                                              \
  "(SELECT d.seq FROM holdfast.document AS d WHERE d.status = {document.ready}"                  \
  " AND d.vector_space " range                                                                   \
  " $1 AND (d.updated_at < holdfast.now_ms() - $2 OR d.updated_at > holdfast.now_ms()) AND NOT " \
  "EXISTS(SELECT 1 FROM holdfast.job AS j"                                                       \
  " WHERE j.id = d.job_id AND j.state <> {job.done}) LIMIT $3)"
constexpr std::string_view kEnqueueOutdated =
    statement<"WITH candidates AS MATERIALIZED (" HOLDFAST_OUTDATED_IN("<") " UNION ALL "
              HOLDFAST_OUTDATED_IN(">") " LIMIT $3),"
              " held AS MATERIALIZED (SELECT d.seq, d.id, d.version FROM holdfast.document AS d"
              " WHERE d.seq IN (SELECT seq FROM candidates) AND d.status = {document.ready}"
              " FOR UPDATE OF d SKIP LOCKED),"
              " target AS MATERIALIZED (SELECT seq, nextval('holdfast.job_id_seq') AS job,"
              " json_build_object('document_id', id, 'version', version, 'request_id', '',"
              " 'traceparent', '')::text AS payload, holdfast.now_ms() AS now FROM held),"
              " queued AS (INSERT INTO holdfast.job(id, kind, priority, run_at, max_attempts,"
              " max_crashes, payload, created_at)"
              " SELECT job, 'embed', $4, now, $5, $6, payload, now FROM target)"
              " UPDATE holdfast.document AS d SET job_id = target.job FROM target"
              " WHERE d.seq = target.seq">;
#undef HOLDFAST_OUTDATED_IN

}  // namespace

std::int64_t count_outdated(PgConnection& connection, const std::string& vector_space) {
  return ask(connection, Statement(kCountOutdated).bind(vector_space)).integer(0, 0);
}

std::int64_t enqueue_outdated(Transaction& transaction, const OutdatedRequest& request,
                              Budgets budgets) {
  if (!transaction.run(Statement(kAlone)).boolean(0, 0)) return 0;
  const std::int64_t waiting =
      transaction.run(Statement(kCountWaiting).bind(kOutdatedPriority)).integer(0, 0);
  if (waiting >= request.limit) return 0;
  return transaction
      .run(Statement(kEnqueueOutdated)
               .bind(request.vector_space, to_ms(request.age), request.limit - waiting,
                     kOutdatedPriority, budgets.max_attempts, budgets.max_crashes))
      .affected();
}

}  // namespace holdfast::store::postgres
