// SPDX-License-Identifier: Apache-2.0
#include "common/metrics/catalogue.hpp"

namespace holdfast::metrics {
namespace {

constexpr std::array kLagSeconds{0.0005, 0.001, 0.002, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0};
constexpr std::array kCollectSeconds{0.001, 0.0025, 0.005, 0.01, 0.025, 0.05,
                                     0.1,   0.25,   0.5,   1.0,  2.5};
constexpr std::array kAgeSeconds{0.1, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 30.0, 60.0, 300.0};
constexpr std::array kNotificationSeconds{0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 300.0};

using enum Type;

constexpr Declaration counter(std::string_view name, std::string_view help,
                              LabelNames labels = {}) {
  return {name, Counter, help, labels, GaugeRule::Sum, {}, Owner::Supervisor};
}
constexpr Declaration gauge(std::string_view name, std::string_view help, LabelNames labels = {}) {
  return {name, Gauge, help, labels, GaugeRule::First, {}, Owner::Supervisor};
}
constexpr Declaration histogram(std::string_view name, std::string_view help,
                                std::span<const double> buckets, LabelNames labels = {}) {
  return {name, Histogram, help, labels, GaugeRule::Sum, buckets, Owner::Supervisor};
}

constexpr std::array kTable{
    // the supervisor itself
    gauge("holdfast_build_info", "Always 1; the label holds the version.", {"version"}),
    gauge("holdfast_config_last_reload_successful", "1 if the last reload succeeded, else 0."),
    gauge("holdfast_config_last_reload_timestamp_seconds",
          "When the last reload succeeded, seconds since the epoch."),
    counter("holdfast_crash_reports_dropped_total",
            "Crash reports that could not be written to the state directory."),
    counter("holdfast_crash_reports_total", "Crash reports that were kept."),
    counter("holdfast_listener_reopened_total",
            "Listeners opened anew after a program that shares them had shut them down or made "
            "them deaf, or their file was gone.",
            {"listener"}),
    histogram("holdfast_loop_lag_seconds", "How late the supervision loop ran a timer.",
              kLagSeconds),
    counter("holdfast_notify_ignored_total",
            "Messages on the notification socket that were ignored.", {"reason"}),
    gauge("holdfast_ready", "1 if the stack is ready for traffic, else 0."),
    counter("holdfast_shutdown_forced_total", "Processes killed because they did not stop in time.",
            {"program"}),
    gauge("holdfast_start_time_seconds", "When the supervisor started, seconds since the epoch."),
    gauge("holdfast_store_unavailable",
          "1 if workers cannot use the store, or cannot start without it, else 0."),
    counter("holdfast_strangers_reaped_total", "Orphaned processes that were reaped."),
    // alerts
    gauge("holdfast_alerts_firing", "Alerts that fire, silenced ones included.",
          {"alertname", "severity"}),
    counter("holdfast_errors_total",
            "Errors of a program: log lines of level error, answers of 5xx and dead jobs, each "
            "counted once.",
            {"program"}),
    counter("holdfast_notifications_suppressed_total",
            "Events that no message told of, by the reason.", {"reason"}),
    // notifications
    gauge("holdfast_notification_last_success_timestamp_seconds",
          "When a receiver of alerts last accepted a message, seconds since the epoch.",
          {"receiver"}),
    histogram("holdfast_notification_latency_seconds",
              "From when a message was made to when its receiver accepted it.",
              kNotificationSeconds, {"receiver"}),
    gauge("holdfast_notification_queue_length", "Messages that wait for a receiver of alerts.",
          {"receiver"}),
    counter("holdfast_notifications_failed_total",
            "Attempts to deliver a message that failed; most are repeated.",
            {"reason", "receiver"}),
    counter("holdfast_notifications_lost_total",
            "Messages that a receiver of alerts never got, except in a summary.",
            {"reason", "receiver"}),
    counter("holdfast_notifications_total", "Messages that a receiver of alerts accepted.",
            {"receiver"}),
    // logs
    counter("holdfast_log_error_lines_total",
            "Log lines of level error or above that a program has written.", {"program"}),
    counter("holdfast_log_file_lines_dropped_total",
            "Lines that a program's log_file lacks because its disk was full or hung.",
            {"program"}),
    counter("holdfast_log_lines_dropped_total", "Log lines of a program that were dropped.",
            {"program"}),
    counter("holdfast_log_lines_total", "Log lines taken from a program.", {"program"}),
    counter("holdfast_log_write_errors_total",
            "Failed log writes, for example because of a full disk; their lines are dropped."),
    // the aggregation
    histogram("holdfast_metrics_aggregation_duration_seconds",
              "Time to merge and print one exposition.", kCollectSeconds),
    histogram("holdfast_metrics_collect_duration_seconds",
              "Time to ask all workers for their metrics.", kCollectSeconds),
    gauge("holdfast_metrics_conflicting_families",
          "Families that workers declare in ways that cannot be merged exactly.", {"reason"}),
    counter("holdfast_metrics_dropped_samples_total",
            "Samples of workers left out of the aggregate.", {"reason"}),
    counter("holdfast_metrics_fetch_errors_total",
            "Requests for a worker's metrics that returned nothing usable.", {"program", "reason"}),
    counter("holdfast_metrics_parse_errors_total",
            "Lines or whole responses of a program's workers that could not be used.",
            {"program", "reason"}),
    counter("holdfast_metrics_resets_total",
            "Counters that decreased during the life of one worker.", {"program"}),
    counter("holdfast_metrics_retired_incarnations_total",
            "Worker processes whose last values were folded into the totals."),
    counter("holdfast_metrics_scrapes_total",
            "Responses to /metrics; partial if a worker did not respond in time.", {"result"}),
    gauge("holdfast_metrics_series", "Series of the workers in the last exposition."),
    gauge("holdfast_metrics_snapshot_age_seconds", "Age of the worker's last valid response.",
          {"worker"}),
    gauge(
        "holdfast_metrics_up",
        "1 if the last answer of the worker came within its metrics_timeout and was good, else 0.",
        {"worker"}),
    // programs and workers
    counter("holdfast_health_checks_total",
            "Health probes of a program's workers, by outcome; unknown: another process answered.",
            {"outcome", "program"}),
    gauge("holdfast_schedule_last_run_duration_seconds",
          "How long the last run of a program with a schedule took.", {"program"}),
    gauge("holdfast_schedule_last_run_success", "1 if the last run succeeded, else 0.",
          {"program"}),
    gauge("holdfast_schedule_last_run_timestamp_seconds",
          "When the last run began, seconds since the epoch.", {"program"}),
    gauge("holdfast_schedule_next_run_timestamp_seconds",
          "When the next run is due, seconds since the epoch.", {"program"}),
    counter("holdfast_schedule_runs_total",
            "Runs of a program with a schedule that succeeded or failed, and times at which it did "
            "not run.",
            {"outcome", "program"}),
    counter("holdfast_watch_restarts_total",
            "Restarts of a program because files had changed that it watches.", {"program"}),
    counter("holdfast_worker_restarts_total", "Unplanned restarts, by cause.",
            {"program", "reason"}),
    histogram("holdfast_worker_snapshot_age_at_exit_seconds",
              "Age of a worker's last values when it exited: what a crash may have lost.",
              kAgeSeconds),
    gauge("holdfast_worker_leftovers",
          "Processes that exited workers of a program left behind and that are being stopped.",
          {"program"}),
    gauge("holdfast_worker_memory_high",
          "1 if the worker uses more than its program's memory_high, else 0.", {"worker"}),
    gauge("holdfast_worker_start_time_seconds",
          "When the worker was started, seconds since the epoch.", {"worker"}),
    gauge("holdfast_worker_up", "1 if the worker is ready, else 0.", {"worker"}),
    gauge("holdfast_workers", "Workers of a program, by state.", {"program", "state"}),
    // from /proc, for every worker, hung ones included
    counter("process_cpu_seconds_total", "CPU time used, in user and kernel mode.", {"worker"}),
    gauge("process_max_fds", "Limit on open file descriptors.", {"worker"}),
    gauge("process_open_fds", "Open file descriptors.", {"worker"}),
    gauge("process_resident_memory_bytes", "Resident memory of all of the worker's processes.",
          {"worker"}),
    gauge("process_start_time_seconds", "When the process started, seconds since the epoch.",
          {"worker"}),
    gauge("process_threads", "Threads.", {"worker"}),
    gauge("process_virtual_memory_bytes", "Address space in use.", {"worker"}),
};

}  // namespace

std::span<const Declaration> supervisor_catalogue() {
  return kTable;
}

}  // namespace holdfast::metrics
