// SPDX-License-Identifier: Apache-2.0
#include "common/os/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/telemetry/support.hpp"

#include <cmath>
#include <sstream>

using namespace holdfast::supervisor::telemetry;
using namespace holdfast::supervisor::telemetry::test;
using holdfast::metrics::GaugeRule;

namespace {

std::string gauge(std::string_view name, std::string_view value) {
  return "# TYPE " + std::string(name) + " gauge\n" + std::string(name) + " " + std::string(value) +
         "\n";
}

std::map<std::string, double> merged(std::string_view name, std::vector<std::string> reported) {
  Ledger ledger;
  for (std::size_t i = 0; i < reported.size(); ++i) {
    ledger.apply(source("api." + std::to_string(i)), gauge(name, reported[i]), at(0));
  }
  return values(ledger);
}

}  // namespace

TEST_CASE("a gauge is the sum of the live workers unless a rule says otherwise") {
  CHECK(merged("http_requests_in_flight", {"2", "3"})["http_requests_in_flight"] == 5);
  CHECK(merged("unheard_of", {"2", "-3"})["unheard_of"] == -1);
}

TEST_CASE("rules come from the catalogue and from naming conventions") {
  CHECK(merged("queue_oldest_ready_age_seconds",
               {"7", "9", "8"})["queue_oldest_ready_age_seconds"] == 9);
  CHECK(merged("app_info", {"1", "1"})["app_info"] == 1);
  CHECK(merged("last_success_timestamp_seconds", {"50", "40"})["last_success_timestamp_seconds"] ==
        50);
  CHECK(merged("cache_hit_ratio", {"0.5", "1"})["cache_hit_ratio"] == 0.75);
  CHECK(merged("nodejs_eventloop_lag_p99_seconds",
               {"0.25", "0.5"})["nodejs_eventloop_lag_p99_seconds"] == 0.5);
  CHECK(merged("nodejs_eventloop_lag_min_seconds",
               {"0.25", "0.5"})["nodejs_eventloop_lag_min_seconds"] == 0.25);
  CHECK(merged("go_memstats_gc_cpu_fraction", {"0.2", "0.4"})["go_memstats_gc_cpu_fraction"] ==
        Approx(0.3));
  CHECK(merged("process_virtual_pages", {"1", "2"}) ==
        std::map<std::string, double>{{"process_virtual_pages{worker=\"api.0\"}", 1},
                                      {"process_virtual_pages{worker=\"api.1\"}", 2}});
}

TEST_CASE("gauges of programs that are strangers to each other are never added up") {
  Ledger ledger;
  const auto report = [](const std::string& heap) {
    return gauge("nodejs_heap_size_used_bytes", heap) +
           "# TYPE pool_open gauge\npool_open{program=\"theirs\"} 1\n"
           "# TYPE orders_total counter\norders_total 2\n";
  };
  ledger.apply(source("api.0"), report("10"), at(0), {.label_program = true});
  ledger.apply(source("api.1"), report("20"), at(0), {.label_program = true});
  ledger.apply(source("mail.0"), report("500"), at(0), {.label_program = true});
  CHECK(values(ledger) == std::map<std::string, double>{
                              {"nodejs_heap_size_used_bytes{program=\"api\"}", 30},
                              {"nodejs_heap_size_used_bytes{program=\"mail\"}", 500},
                              {"pool_open{exported_program=\"theirs\",program=\"api\"}", 2},
                              {"pool_open{exported_program=\"theirs\",program=\"mail\"}", 1},
                              {"orders_total", 6}});
}

TEST_CASE("times and flags are never added up") {
  CHECK(merged("backup_last_run_time_seconds",
               {"1.7e9", "1.8e9"})["backup_last_run_time_seconds"] == 1.8e9);
  CHECK(merged("probe_success", {"1", "0"})["probe_success"] == 0);
  CHECK(merged("redis_up", {"1", "1"})["redis_up"] == 1);
  CHECK(merged("cert_expiry_timestamp", {"5", "9"})["cert_expiry_timestamp"] == 5);
}

TEST_CASE("of the gauges that others export, none is added up that means nothing as a sum") {
  struct Row {
    const char* name;
    const char* of_one;
    const char* of_another;
    double together;
  };
  const std::vector<Row> table{
      // Flags.
      {"app_ready", "1", "1", 1},
      {"app_ready", "1", "0", 0},
      {"is_leader", "1", "0", 1},
      {"is_leader", "1", "1", 1},
      {"cache_enabled", "1", "1", 1},
      {"worker_alive", "1", "1", 1},
      {"db_connected", "1", "0", 0},
      {"redis_connected", "1", "1", 1},
      {"redis_rdb_last_bgsave_status", "1", "1", 1},
      {"mysql_exporter_last_scrape_error", "1", "1", 1},
      {"job_last_error", "0", "1", 1},
      // Times.
      {"backup_last_run_timestamp_ms", "1.7e12", "1.8e12", 1.8e12},
      {"backup_timestamp_milliseconds", "1.7e12", "1.8e12", 1.8e12},
      {"last_success_time", "1.7e9", "1.8e9", 1.8e9},
      {"build_start_time", "1.7e9", "1.8e9", 1.8e9},
      {"node_boot_time_seconds", "1.7e9", "1.8e9", 1.8e9},
      {"node_time_seconds", "1.7e9", "1.8e9", 1.8e9},
      {"snapshot_seconds_since_epoch", "1.7e9", "1.8e9", 1.8e9},
      {"node_textfile_mtime_seconds", "1.7e9", "1.8e9", 1.8e9},
      {"kube_pod_created", "1.7e9", "1.8e9", 1.8e9},
      {"probe_ssl_earliest_cert_expiry", "1.7e9", "1.8e9", 1.7e9},
      {"x509_cert_not_after", "1.7e9", "1.8e9", 1.7e9},
      // Without a rule, by the name and the value together.
      {"job_last_seen", "1.7e9", "1.8e9", 1.8e9},
      {"order_created", "1.7e12", "1.6e12", 1.7e12},
      {"order_created", "3", "4", 7},
      {"job_last_seen", "0", "1.8e9", 1.8e9},
      // Shares, means and quantiles.
      {"cpu_percentage", "50", "70", 60},
      {"disk_used_pct", "50", "70", 60},
      {"request_duration_avg", "1", "3", 2},
      {"request_p99_seconds", "1", "3", 3},
      // Micrometer and OpenTelemetry: shares, longest and shortest times, figures of the host.
      {"system_cpu_usage", "0.9", "0.7", 0.8},
      {"jvm_gc_overhead", "0.1", "0.3", 0.2},
      {"jvm_memory_usage_after_gc", "0.1", "0.3", 0.2},
      {"system_cpu_count", "8", "8", 8},
      {"system_load_average_1m", "2", "4", 3},
      {"system_memory_limit_bytes", "8", "8", 8},
      {"disk_total_bytes", "8", "8", 8},
      {"disk_free_bytes", "7", "8", 8},
      {"application_started_time_seconds", "3", "4", 4},
      {"tomcat_global_request_max_seconds", "3", "4", 4},
      {"tomcat_servlet_request_max_ms", "3", "4", 4},
      {"http_client_requests_milliseconds_max", "3", "4", 4},
      {"probe_rtt_min_seconds", "3", "4", 3},
      {"jvm_memory_used_bytes", "3", "4", 7},
      {"jvm_memory_max_bytes", "3", "4", 7},
      {"tomcat_threads_config_max_threads", "3", "4", 7},
      {"hikaricp_connections_max", "3", "4", 7},
      // Go's settings, and what its collector has.
      {"go_gc_gogc_percent", "100", "100", 100},
      {"go_gc_gomemlimit_bytes", "8", "8", 8},
      {"go_gc_heap_live_bytes", "3", "4", 7},
      // Versions and the like.
      {"config_version", "7", "7", 7},
      {"schemaRevision", "7", "8", 8},
      {"kube_deployment_status_observed_generation", "7", "8", 8},
      {"config_hash", "7", "7", 7},
      {"broker_id", "7", "7", 7},
      {"version", "7", "7", 7},
      {"clients_by_version", "3", "4", 7},
      // Shares, temperatures, settings and flags.
      {"cache_hit_rate", "0.8", "0.6", 0.7},
      {"checkout_success_rate", "0.8", "0.6", 0.7},
      {"model_accuracy", "0.8", "0.6", 0.7},
      {"apdex_score", "0.8", "0.6", 0.7},
      {"apdex", "0.8", "0.6", 0.7},
      {"room_temperature", "20", "21", 21},
      {"cpu_core_celsius", "50", "60", 60},
      {"http_timeout_seconds", "30", "30", 30},
      {"poll_interval_ms", "30", "30", 30},
      {"backup_duration_seconds", "30", "40", 40},
      {"vault_core_unsealed", "1", "0", 0},
      {"port_listening", "1", "1", 1},
      {"host_maintenance", "0", "1", 1},
      // What is counted or measured is added up all the same.
      {"hosts_in_maintenance", "3", "4", 7},
      {"sockets_listening", "3", "4", 7},
      {"clients_connected", "3", "4", 7},
      {"jobs_ready", "1", "1", 2},
      {"buffer_bytes", "1.7e9", "1.8e9", 3.5e9},
      {"last_dump_bytes", "1.7e9", "1.8e9", 3.5e9},
      {"cpu_time_ns", "1.7e9", "1.8e9", 3.5e9},
      {"pool_limit", "1.7e9", "1.8e9", 3.5e9},
  };
  for (const Row& row : table) {
    CAPTURE(row.name, row.of_one, row.of_another);
    CHECK(merged(row.name, {row.of_one, row.of_another})[row.name] == Approx(row.together));
  }
}

TEST_CASE("times are told by any word of the name and in any unit, flags and ages by the last") {
  struct Row {
    const char* name;
    const char* of_one;
    const char* of_another;
    double together;
  };
  const std::vector<Row> table{
      // Times, by the name and the value together.
      {"worker_heartbeat", "1764518000", "1764518002", 1764518002},
      {"jobLastSuccessTime", "1764518000", "1764518002", 1764518002},
      {"lastHTTPErrorTime", "1764518000", "1764518002", 1764518002},
      {"startedAt", "1764518000", "1764518002", 1764518002},
      {"JOB_LAST_SEEN", "1764518000", "1764518002", 1764518002},
      {"items_last_updated", "1764518000", "1764518002", 1764518002},
      {"rows_first_seen", "1764518000", "1764518002", 1764518002},
      {"bytes_last_modified_unix", "1764518000", "1764518002", 1764518002},
      {"items_updated_at", "1764518000", "1764518002", 1764518002},
      {"items_update_time", "1764518000", "1764518002", 1764518002},
      {"backup_completion", "1764518000", "1764518002", 1764518002},
      {"job_finished_unix_ms", "1764518000000", "1764518002000", 1764518002000},
      {"job_last_seen_microseconds", "1764518000000000", "1764518002000000", 1764518002e6},
      {"job_last_seen_us", "1764518000000000", "1764518002000000", 1764518002e6},
      {"gg_last_seen_nanoseconds", "1.764518e18", "1.764519e18", 1.764519e18},
      {"ggLastSeenNanos", "1.764518e18", "1.764519e18", 1.764519e18},
      {"gg_last_seen", "1.764518e18", "1.764519e18", 1.764519e18},
      // Ends.
      {"lease_expiration_unix", "1764518000", "1764518002", 1764518000},
      {"lease_expiry_ms", "1764518000000", "1764518002000", 1764518000000},
      {"certExpirySeconds", "1764518000", "1764518002", 1764518000},
      // Flags.
      {"backup_ok", "1", "1", 1},
      {"backup_ok", "1", "0", 0},
      {"ok", "1", "1", 1},
      {"db_reachable", "1", "0", 0},
      {"dbReachable", "1", "1", 1},
      {"cfg_valid", "1", "1", 1},
      {"redis_healthy", "1", "0", 0},
      {"status_ok", "1", "1", 1},
      {"is_ready", "1", "0", 0},
      {"is_connected", "1", "0", 0},
      {"etcd_server_has_leader", "1", "0", 0},
      {"replica_in_sync", "1", "0", 0},
      {"raft_leader", "1", "1", 1},
      {"raftIsLeader", "1", "0", 1},
      {"pool_degraded", "1", "1", 1},
      {"payment_circuit_breaker_open", "1", "1", 1},
      // How late and how old.
      {"replication_lag_seconds", "7", "7", 7},
      {"replication_lag_ms", "7", "9", 9},
      {"replicationLagMillis", "7", "9", 9},
      {"lag_seconds", "7", "9", 9},
      {"oldest_job_age_seconds", "7", "7", 7},
      {"cache_age_hours", "7", "7", 7},
      {"snapshotAge", "7", "7", 7},
      {"dispatch_delay_milliseconds", "7", "7", 7},
      {"config_staleness_seconds", "7", "7", 7},
      {"mysql_slave_status_seconds_behind_master", "7", "7", 7},
      {"uptime_seconds", "7", "9", 9},
      // What is counted or measured is added up all the same.
      {"queue_depth", "7", "9", 16},
      {"queueDepth", "7", "9", 16},
      {"kafka_consumer_lag", "7", "9", 16},
      {"kafka_consumer_lag_messages", "7", "9", 16},
      {"threads", "7", "9", 16},
      {"threads_connected", "7", "9", 16},
      {"connections_ok", "7", "9", 16},
      {"hosts_healthy", "7", "9", 16},
      {"items_valid", "7", "9", 16},
      {"hosts_down", "7", "9", 16},
      {"partitions_leader", "7", "9", 16},
      {"memory_usage", "7", "9", 16},
      {"storage_pages", "7", "9", 16},
      {"heartbeats_pending", "7", "9", 16},
      {"items", "1.7e9", "1.8e9", 3.5e9},
      {"items_last_run", "1.7e9", "1.8e9", 3.5e9},
      {"bytes_last_minute", "1.7e9", "1.8e9", 3.5e9},
      {"bytes_since_start", "1.7e9", "1.8e9", 3.5e9},
      {"sent_bytes_last", "1.7e9", "1.8e9", 3.5e9},
      {"lastDumpBytes", "1.7e9", "1.8e9", 3.5e9},
      {"heapUsedBytes", "1.7e9", "1.8e9", 3.5e9},
      {"requests_completed", "1.7e9", "1.8e9", 3.5e9},
      {"total_time", "1.7e9", "1.8e9", 3.5e9},
      {"cpu_time_ms", "1.7e9", "1.8e9", 3.5e9},
      {"cpu_time_us", "1.7e12", "1.8e12", 3.5e12},
      {"offset", "1.7e18", "1.8e18", 3.5e18},
  };
  for (const Row& row : table) {
    CAPTURE(row.name, row.of_one, row.of_another);
    CHECK(merged(row.name, {row.of_one, row.of_another})[row.name] == row.together);
  }
}

TEST_CASE("numbers that stand for a state are not added up, nor is time that is left") {
  struct Row {
    const char* name;
    const char* of_one;
    const char* of_another;
    double together;
  };
  const std::vector<Row> table{
      // Enumerations.
      {"circuit_breaker_state", "2", "1", 2},
      {"connection_state", "1", "1", 1},
      {"raftState", "3", "1", 3},
      {"state", "2", "2", 2},
      {"job_status", "0", "1", 1},
      {"dns_status", "2", "2", 2},
      {"elasticsearch_cluster_health_status", "1", "1", 1},
      {"redis_mode", "2", "2", 2},
      {"operating_mode", "1", "2", 2},
      {"deploy_phase", "3", "3", 3},
      {"pipeline_stage", "2", "4", 4},
      {"log_level", "4", "4", 4},
      {"battery_level", "80", "70", 80},
      {"last_run_exit_code", "1", "2", 2},
      {"probe_http_status_code", "200", "503", 503},
      // A last status is a flag.
      {"redis_aof_last_write_status", "1", "0", 0},
      // Time that is left.
      {"token_remaining_seconds", "30", "20", 20},
      {"lease_remaining_ms", "30", "20", 20},
      {"leaseRemainingTime", "30", "20", 20},
      {"session_time_remaining_seconds", "30", "20", 20},
      {"lock_seconds_remaining", "30", "20", 20},
      {"battery_minutes_left", "30", "20", 20},
      {"licence_days_left", "30", "20", 20},
      {"days_until_renewal", "30", "20", 20},
      {"lease_ttl_seconds", "30", "20", 20},
      {"dns_ttl", "30", "20", 20},
      {"ttl_seconds", "30", "20", 20},
      {"redis_db_avg_ttl_seconds", "30", "20", 25},
      {"cert_expires_timestamp_seconds", "1764518000", "1764518002", 1764518000},
      {"cert_expires_in_days", "30", "20", 20},
      {"cert_expire_timestamp", "1764518000", "1764518002", 1764518000},
      {"cert_expiry_seconds", "30", "20", 20},
      {"cert_not_after_timestamp_seconds", "1764518000", "1764518002", 1764518000},
      {"cert_days_until_expiry", "30", "20", 20},
      // What is counted is added up all the same.
      {"pool_connections", "7", "9", 16},
      {"connections_state", "7", "9", 16},
      {"jobs_status", "7", "9", 16},
      {"jobs_by_state", "7", "9", 16},
      {"job_count_by_status", "7", "9", 16},
      {"cpu_time_in_state", "7", "9", 16},
      {"requests_status_code", "7", "9", 16},
      {"replicas_in_sync", "7", "9", 16},
      {"state_changes", "7", "9", 16},
      {"state_bytes", "7", "9", 16},
      {"quota_remaining", "7", "9", 16},
      {"requests_remaining", "7", "9", 16},
      {"jobs_left", "7", "9", 16},
      {"keys_expiring", "7", "9", 16},
  };
  for (const Row& row : table) {
    CAPTURE(row.name, row.of_one, row.of_another);
    CHECK(merged(row.name, {row.of_one, row.of_another})[row.name] == row.together);
  }
  Ledger ledger;
  const auto idle = "# TYPE pool_connections gauge\npool_connections{state=\"idle\"} 2\n";
  const auto job = "# TYPE job_state counter\njob_state 2\n";
  ledger.apply(source("api.0"), std::string(idle) + job, at(0));
  ledger.apply(source("api.1"), std::string(idle) + job, at(0));
  CHECK(values(ledger) ==
        std::map<std::string, double>{{"pool_connections{state=\"idle\"}", 4}, {"job_state", 4}});
}

TEST_CASE("the states of a state set are not counted: one is shown if any worker is in it") {
  Ledger ledger;
  const std::string up =
      "# TYPE door stateset\ndoor{door=\"open\"} 1\ndoor{door=\"shut\"} 0\n# EOF\n";
  const std::string down =
      "# TYPE door stateset\ndoor{door=\"open\"} 0\ndoor{door=\"shut\"} 1\n# EOF\n";
  ledger.apply(source("api.0"), up, at(0));
  ledger.apply(source("api.1"), up, at(0));
  CHECK(values(ledger) ==
        std::map<std::string, double>{{"door{door=\"open\"}", 1}, {"door{door=\"shut\"}", 0}});
  ledger.apply(source("api.2"), down, at(0));
  CHECK(values(ledger) ==
        std::map<std::string, double>{{"door{door=\"open\"}", 1}, {"door{door=\"shut\"}", 1}});
}

TEST_CASE("what a gauge tells of a distribution beside it is not added up") {
  Ledger ledger;
  for (const int n : {2, 4}) {
    const std::string value = " " + std::to_string(n) + "\n";
    std::string answer = "# TYPE size summary\nsize_sum 1\nsize_count 1\n";
    for (const char* of :
         {"size_max", "size_min", "size_mean", "size_avg", "size_stddev", "size_limit", "pool_max"})
      answer += "# TYPE " + std::string(of) + " gauge\n" + of + value;
    ledger.apply(source("a." + std::to_string(n)), answer, at(0));
  }
  CHECK(values(ledger) == std::map<std::string, double>{{"size_sum", 2},
                                                        {"size_count", 2},
                                                        {"size_max", 4},
                                                        {"size_min", 2},
                                                        {"size_mean", 3},
                                                        {"size_avg", 3},
                                                        {"size_stddev", 4},
                                                        {"size_limit", 6},
                                                        {"pool_max", 6}});
}

TEST_CASE("docs/metrics.md lists the names that decide, in their order") {
  const auto text = holdfast::read_file(HOLDFAST_SOURCE_DIR "/docs/metrics.md");
  REQUIRE(text);
  std::vector<std::string> documented;
  std::istringstream lines(text->substr(text->find("| rule | names | why |")));
  std::string line;
  for (int header = 0; header < 2; ++header)
    std::getline(lines, line);
  while (std::getline(lines, line) && line.starts_with("| ")) {
    std::istringstream columns(line.substr(2));
    std::string rule;
    std::string names;
    std::getline(columns, rule, ' ');
    std::getline(columns, names, '|');
    std::getline(columns, names, '|');
    std::istringstream quoted(names);
    for (std::string name; std::getline(quoted, name, '`') && std::getline(quoted, name, '`');)
      documented.push_back(rule + " " + name);
  }
  const auto name_of = [](GaugeRule rule) {
    switch (rule) {
      case GaugeRule::Max: return "max ";
      case GaugeRule::Min: return "min ";
      case GaugeRule::Average: return "average ";
      case GaugeRule::First: return "first ";
      case GaugeRule::All: return "all ";
      case GaugeRule::Sum: break;
    }
    return "sum ";
  };
  std::vector<std::string> decided;
  for (const NameRule& entry : name_rules())
    decided.push_back(name_of(entry.rule) + std::string(entry.pattern));
  CHECK(documented == decided);
}

TEST_CASE("gauges of a worker that is asked seldom are kept for longer") {
  Ledger ledger;
  ledger.apply(source("slow.0"), gauge("a", "1"), at(0), {.stale_after = std::chrono::seconds(60)});
  ledger.apply(source("fast.0"), gauge("b", "1"), at(0));
  const auto shown = [&](int second) {
    std::string out;
    ledger.render({}, holdfast::metrics::Format::Text004, at(second), out);
    return std::pair(out.find("\na 1") != std::string::npos,
                     out.find("\nb 1") != std::string::npos);
  };
  CHECK(shown(10) == std::pair(true, true));
  CHECK(shown(59) == std::pair(true, false));
  CHECK(shown(61) == std::pair(false, false));
}

TEST_CASE("the configuration's globs come first, in their order") {
  LedgerSettings settings;
  settings.gauge_rules = GaugeRules(
      {{"pool_min_*", GaugeRule::Min}, {"pool_*", GaugeRule::Max}, {"queue_size", GaugeRule::Sum}});
  Ledger ledger(settings);
  const auto report = [](int n) {
    const std::string v = std::to_string(n);
    return gauge("pool_min_free", v) + gauge("pool_used", v) + gauge("queue_size", v);
  };
  ledger.apply(source("api.0"), report(3), at(0));
  ledger.apply(source("api.1"), report(4), at(0));
  CHECK(values(ledger) ==
        std::map<std::string, double>{{"pool_min_free", 3}, {"pool_used", 4}, {"queue_size", 7}});
}

TEST_CASE("a dead worker's gauges disappear at once") {
  Ledger ledger;
  ledger.apply(source("api.0"), gauge("in_flight", "2"), at(0));
  ledger.apply(source("api.1"), gauge("in_flight", "3") + gauge("only_here", "1"), at(0));
  ledger.retire(source("api.1"), at(1));
  CHECK(values(ledger) == std::map<std::string, double>{{"in_flight", 2}});
  ledger.retire(source("api.0"), at(1));
  CHECK(expose(ledger) == "# EOF\n");
}

TEST_CASE("a silent worker's stale gauges are left out; its counters stay") {
  Ledger ledger;
  ledger.apply(source("api.0"), gauge("in_flight", "2") + "# TYPE c_total counter\nc_total 5\n",
               at(0));
  CHECK(values(ledger, at(15)).size() == 2);
  CHECK(values(ledger, at(15.1)) == std::map<std::string, double>{{"c_total", 5}});
  ledger.apply(source("api.0"), gauge("in_flight", "1") + "# TYPE c_total counter\nc_total 6\n",
               at(20));
  CHECK(values(ledger, at(20))["in_flight"] == 1);
}

TEST_CASE("NaN is ignored where another worker has a number") {
  CHECK(merged("in_flight", {"NaN", "3"})["in_flight"] == 3);
  CHECK(merged("cache_hit_ratio", {"NaN", "0.5", "1"})["cache_hit_ratio"] == 0.75);
  CHECK(merged("x_info", {"NaN", "1"})["x_info"] == 1);
  CHECK(merged("queue_size", {"NaN", "-4"})["queue_size"] == -4);
  CHECK(std::isnan(merged("in_flight", {"NaN", "NaN"})["in_flight"]));
  CHECK(merged("in_flight", {"+Inf", "1"})["in_flight"] == HUGE_VAL);
}

TEST_CASE("an untyped metric is shown per worker") {
  Ledger ledger;
  ledger.apply(source("api.0"), "what 1\n", at(0));
  ledger.apply(source("api.1"), "what{worker=\"mine\",a=\"b\"} 2\n", at(0));
  CHECK(values(ledger) == std::map<std::string, double>{
                              {"what{worker=\"api.0\"}", 1},
                              {"what{a=\"b\",exported_worker=\"mine\",worker=\"api.1\"}", 2}});
}

TEST_CASE("a configured rule applies to untyped metrics too") {
  LedgerSettings settings;
  settings.gauge_rules = GaugeRules({{"depth*", GaugeRule::Max}});
  Ledger ledger(settings);
  ledger.apply(source("a.0"), "depth 3\nother 1\n", at(0));
  ledger.apply(source("b.0"), "depth 4\n", at(0));
  CHECK(values(ledger) ==
        std::map<std::string, double>{{"depth", 4}, {"other{worker=\"a.0\"}", 1}});
}

TEST_CASE("a worker's own label of that name is renamed until the name is free") {
  Ledger ledger;
  ledger.apply(source("api.0"), "what{worker=\"a\",exported_worker=\"b\"} 1\n", at(0));
  CHECK(values(ledger).count(
            "what{exported_exported_worker=\"a\",exported_worker=\"b\",worker=\"api.0\"}") == 1);
}

TEST_CASE("of two overlapping incarnations the newer one counts") {
  Ledger ledger;
  ledger.apply(source("api.0", 1), "what 1\n", at(0));
  ledger.apply(source("api.0", 2), "what 2\n", at(0));
  ledger.apply(source("api.0", 1), "what 10\n", at(1));
  CHECK(values(ledger)["what{worker=\"api.0\"}"] == 2);
  ledger.retire(source("api.0", 2), at(2));
  CHECK(values(ledger)["what{worker=\"api.0\"}"] == 10);
}
