// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/catalogue.hpp"

namespace holdfast::metrics {
namespace {

// Requests are answered in about a millisecond; the top is the default handler deadline.
constexpr std::array kRequestSeconds{0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                     0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  30.0};
// Jobs run from microseconds (trivial) to the job deadline of minutes.
constexpr std::array kJobSeconds{0.001, 0.005, 0.01, 0.05, 0.1,  0.25,  0.5,  1.0,
                                 2.5,   5.0,   10.0, 30.0, 60.0, 300.0, 600.0};
// Pick-up is a millisecond when idle and may be hours behind a backlog.
constexpr std::array kWaitSeconds{0.001, 0.0025, 0.005, 0.01, 0.05,  0.1,   0.5,
                                  1.0,   5.0,    30.0,  60.0, 300.0, 900.0, 3600.0};
constexpr std::array kEmbeddingSeconds{0.0005, 0.001, 0.005, 0.01, 0.05, 0.1, 0.25,
                                       0.5,    1.0,   2.5,   5.0,  10.0, 30.0};
constexpr std::array kLagSeconds{0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0};
constexpr std::array kCommitSeconds{0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01,
                                    0.025,   0.05,   0.1,   0.25,   0.5,   1.0};

using enum Type;

constexpr std::array kTable{
    Declaration{"api_key_next_expiry_timestamp_seconds",
                Gauge,
                "When the first of the valid API keys expires; 0 if none does.",
                {},
                GaugeRule::Max},
    Declaration{"api_keys_expiring",
                Gauge,
                "Valid API keys that expire within auth.expiry_warning.",
                {},
                GaugeRule::Max},
    Declaration{"embedding_duration_seconds",
                Histogram,
                "Time of one batch at the embedding provider.",
                {"provider"},
                GaugeRule::Sum,
                kEmbeddingSeconds},
    Declaration{"embedding_failures_total",
                Counter,
                "Batches that failed at the embedding provider.",
                {"provider"}},
    Declaration{"event_loop_lag_seconds",
                Histogram,
                "How late the worker's event loop ran a timer.",
                {},
                GaugeRule::Sum,
                kLagSeconds},
    Declaration{"heap_free_bytes", Gauge, "Bytes that malloc holds but that are not in use."},
    Declaration{"heap_mapped_bytes", Gauge, "Bytes that malloc has obtained from the kernel."},
    Declaration{"heap_used_bytes", Gauge, "Bytes in use by allocations."},
    Declaration{"http_body_bytes", Gauge,
                "Bytes of request bodies that are held in memory; see http.body_memory."},
    Declaration{"http_connections_open", Gauge, "Open client connections."},
    Declaration{"http_request_duration_seconds",
                Histogram,
                "Time from a complete request to its response being handed to the server.",
                {"method", "route"},
                GaugeRule::Sum,
                kRequestSeconds},
    Declaration{"http_requests_in_flight", Gauge, "Requests being answered now."},
    Declaration{
        "http_requests_total", Counter, "Requests answered.", {"method", "route", "status"}},
    Declaration{"log_lines_dropped_total", Counter,
                "Log lines that a worker dropped because its output was not read in time."},
    Declaration{"queue_job_duration_seconds",
                Histogram,
                "Duration of one attempt at a job.",
                {"queue"},
                GaugeRule::Sum,
                kJobSeconds},
    Declaration{"queue_job_wait_seconds",
                Histogram,
                "Time from a job being due to its attempt starting.",
                {"queue"},
                GaugeRule::Sum,
                kWaitSeconds},
    Declaration{"queue_jobs_total",
                Counter,
                "Attempts at jobs that ended, by how they ended.",
                {"queue", "outcome"}},
    Declaration{"queue_oldest_ready_age_seconds",
                Gauge,
                "How long the oldest job that is due has been waiting.",
                {"queue"},
                GaugeRule::Max},
    Declaration{"queue_paused",
                Gauge,
                "1 if the queue, or a kind of its jobs, is paused, else 0.",
                {"queue"},
                GaugeRule::Max},
    Declaration{
        "queue_size", Gauge, "Jobs in the queue, by state.", {"queue", "state"}, GaugeRule::Max},
    Declaration{"rate_limit_fallback_total", Counter,
                "Decisions by the local limiter because the shared one was unreachable."},
    Declaration{"rate_limit_redis_up", Gauge,
                "API workers that currently use Redis for the rate limit."},
    Declaration{"rate_limit_rejected_total", Counter, "Requests refused with 429."},
    Declaration{"store_commit_seconds",
                Histogram,
                "Duration of one commit, including the wait for the write lock.",
                {},
                GaugeRule::Sum,
                kCommitSeconds},
    Declaration{"store_commits_total", Counter, "Transactions committed."},
    Declaration{"store_connect_failures_total", Counter,
                "Attempts to connect to PostgreSQL that failed."},
    Declaration{"store_connections_busy", Gauge,
                "PostgreSQL connections for reads that are in use; at most store.pool_size each."},
    Declaration{"store_connections_made_total", Counter,
                "Connections made to PostgreSQL: a few at the start, and after each loss."},
    Declaration{"store_connections_open", Gauge, "PostgreSQL connections for reads."},
    Declaration{"store_listening", Gauge,
                "Queue workers that hear at once of jobs that other hosts have stored; the others "
                "look every queue.poll."},
    Declaration{
        "store_page_cache_bytes", Gauge,
        "Bytes of database pages that SQLite caches, at most 8 MiB and 4 MiB for each reader."},
    Declaration{"store_pool_wait_seconds",
                Histogram,
                "How long reads waited for a PostgreSQL connection.",
                {},
                GaugeRule::Sum,
                kCommitSeconds},
    Declaration{"store_read_seconds",
                Histogram,
                "Duration of one read, including the wait for a connection.",
                {},
                GaugeRule::Sum,
                kCommitSeconds},
    Declaration{"store_database_bytes",
                Gauge,
                "Size of the SQLite database, without its log.",
                {},
                GaugeRule::Max},
    Declaration{"store_disk_free_bytes",
                Gauge,
                "Bytes that are free for Holdfast in the file system of the SQLite database.",
                {},
                GaugeRule::Min},
    Declaration{"store_up",
                Gauge,
                "1 if the last check of the store succeeded in every worker, else 0.",
                {},
                GaugeRule::Min},
    Declaration{"store_vector_cache_bytes", Gauge,
                "Bytes of vectors that search keeps in memory, at most 256 MiB."},
    Declaration{"store_wal_bytes",
                Gauge,
                "Size of the log of the SQLite database: what is not yet copied into it.",
                {},
                GaugeRule::Max},
};

}  // namespace

std::span<const Declaration> worker_catalogue() {
  return kTable;
}

}  // namespace holdfast::metrics
