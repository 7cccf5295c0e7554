// SPDX-License-Identifier: Apache-2.0
#pragma once

// Config: everything that can be configured in one Holdfast installation, with its defaults. One
// TOML file and the environment fill it (common/config/load.hpp); the supervisor and the workers
// read the same file, so one `check-config` covers all of them.
//
// Threads: a value, immutable after loading. Units: durations are Duration, sizes are bytes.

#include "common/base/clock.hpp"
#include "common/config/probe.hpp"
#include "common/log/level.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace holdfast::config {

using namespace std::chrono_literals;

enum class Environment { Production, Development };

// [supervisor]
struct Supervisor {
  std::filesystem::path state_dir = "/var/lib/holdfast";  // databases, outbox: kept
  std::filesystem::path runtime_dir = "/run/holdfast";    // sockets, locks: made at each start
  Duration shutdown_deadline = 30s;
  Duration stop_grace = 0s;                      // until the container runtime kills; 0s: not known
  std::string status_listen = "127.0.0.1:9900";  // "" turns the TCP status endpoint off
  std::vector<std::string> status_hosts;         // that it answers to, besides loopback names
  // "auto": as root, Holdfast's own workers run as the account `holdfast`, if there is one.
  std::string worker_user = "auto";  // auto | an account; "root" keeps them as root
  std::uint32_t max_starting = 4;    // starts in flight at a time
  // "auto": exit when hopeless if this is PID 1, else keep trying.
  std::string on_hopeless = "auto";  // auto | keep | exit
  Duration hopeless_after = 120s;
  // "auto": a cgroup for each worker where the service manager has delegated one.
  std::string cgroups = "auto";  // auto | off
  // Of crash reports in state_dir; the oldest ones are removed. 0 reports: none is kept.
  std::uint32_t crash_reports = 100;
  std::uint64_t crash_report_bytes = 50u << 20;
  bool operator==(const Supervisor&) const = default;
};

// [listen.NAME]: a listening socket that the supervisor owns and its workers inherit.
struct Listen {
  std::string address = "0.0.0.0:3000";  // host:port, [v6]:port or unix:/path
  std::uint32_t backlog = 1024;
  // Of the file of a Unix socket; empty: the supervisor's, and 0660.
  std::string owner;
  std::string group;
  std::optional<std::uint32_t> mode;
  // Trusted peers (http.trusted_proxies) begin each connection with a PROXY protocol header.
  bool proxy_protocol = false;
  // For programs that wait in accept(2) itself.
  bool blocking = false;
  bool operator==(const Listen&) const = default;
};

enum class ProgramType { Service, Oneshot };
// Whom the stop signal reaches: all of the worker's process group, or its first process alone.
enum class StopScope { Group, Main };
enum class RestartPolicy { Always, OnFailure, Never };
// How a program reports that it is ready.
enum class ReadyKind {
  Notify,   // ready = "notify": READY=1 on NOTIFY_SOCKET (sd_notify)
  Started,  // ready = "started": as soon as it runs
  Probe,    // ready = "http://…", "tcp:…", ["command", …]: a probe succeeds
  LogLine,  // ready_log = "regex": a line of its output matches
};

// How a process is replaced in a roll (replacement.hpp).
enum class Replace {
  Auto,       // Overlap where that can be right, else StopFirst
  Overlap,    // the new one is ready before the old one is asked to stop
  StopFirst,  // the old one has ended before the new one starts
};

// What counts as a heartbeat for the watchdog.
enum class WatchdogSource {
  Notify,   // WATCHDOG=1
  Metrics,  // an answered scrape of `metrics`
  Health,   // an answered probe of `health`
};

// Whose notifications count.
enum class NotifyAccess {
  Main,  // those of the process that was started
  All,   // those of its descendants as well
};

// What becomes of a scheduled run that is due while the one before it has not ended.
enum class Overlap {
  Skip,     // it is left out
  Queue,    // one waits until the other has ended
  Replace,  // the other is stopped
};

// A resource limit: what applies at first, and what the program may raise that to.
struct ResourceLimit {
  std::uint64_t soft = 0;
  std::uint64_t hard = 0;
  bool operator==(const ResourceLimit&) const = default;
};

// What counts as the memory of a process.
enum class MemoryMeasure {
  Pss,  // pages that several processes share count in parts
  Rss,  // all its pages
};

// [program.NAME]
struct Program {
  std::string name;
  std::vector<std::string> command;  // argv; argv[0] is looked up beside this binary, then in PATH
  ProgramType type = ProgramType::Service;
  std::uint32_t replicas = 1;
  std::uint32_t min_ready = 1;  // at most `replicas`
  bool required = true;         // counts for /ready and for on_hopeless
  bool autostart = true;        // else only a command starts it
  std::vector<std::string> after;
  std::vector<std::string> groups;   // "group:NAME" names all programs of a group
  std::vector<std::string> sockets;  // names of [listen.NAME], passed as LISTEN_FDS
  std::uint32_t port = 0;            // {port} is this + slot (slot_text.hpp); 0: none
  std::filesystem::path directory;   // working directory; empty: the supervisor's
  std::map<std::string, std::string> environment;
  std::filesystem::path env_file;
  // Names and globs of secrets in the supervisor's environment that it gets all the same.
  std::vector<std::string> inherit;
  std::string user;   // empty: unchanged
  std::string group;  // empty: the user's
  std::optional<std::uint32_t> umask;
  std::map<std::string, ResourceLimit> rlimits;  // by name: "nofile"
  std::optional<int> nice;                       // -20 to 19; empty: the supervisor's
  std::optional<int> oom_score_adj;              // -1000 to 1000; empty: the supervisor's

  // Of all processes of one worker; 0: no limit.
  std::uint64_t memory_high = 0;  // above it the worker is replaced
  std::uint64_t memory_max = 0;   // above it the worker is stopped, and started again
  MemoryMeasure memory_measure = MemoryMeasure::Pss;
  // Of the worker's cgroup, if it has one; 0: the kernel's default.
  std::uint32_t cpu_weight = 0;
  std::uint32_t pids_max = 0;

  ReadyKind ready = ReadyKind::Notify;
  std::string ready_pattern;  // LogLine: the regular expression
  Probe ready_probe;          // Probe
  Duration ready_probe_timeout = 2s;
  NotifyAccess notify_access = NotifyAccess::Main;
  Duration ready_timeout = 60s;
  Duration ready_interval = 200ms;  // between two probes

  Probe health;  // asked while it is ready; None: not at all
  Duration health_interval = 10s;
  Duration health_timeout = 2s;
  std::uint32_t health_failures = 3;  // in a row: it is unhealthy, and is replaced

  Replace replace = Replace::Auto;
  Duration min_ready_time = 0s;  // ready this long before a roll goes on

  RestartPolicy restart = RestartPolicy::Always;
  std::vector<std::uint32_t> success_exit_codes;  // no failures, besides 0
  std::uint32_t max_restarts_per_hour = 0;        // of one worker, then it has failed; 0: no limit
  Duration settled_after = 10s;  // ready this long: the next crash restarts at once
  Duration backoff_base = 250ms;
  double backoff_factor = 2.0;
  Duration backoff_cap = 30s;
  double backoff_jitter = 0.2;
  Duration backoff_reset = 60s;  // ready this long: the back-off starts over
  std::uint32_t crash_loop_exits = 5;
  Duration crash_loop_window = 60s;
  Duration crash_loop_retry = 30s;

  Duration watchdog = 30s;  // 0s: off
  WatchdogSource watchdog_source = WatchdogSource::Notify;
  bool watchdog_required = false;   // from READY=1 on, not from the first WATCHDOG=1
  Duration watchdog_interval = 5s;  // refused if watchdog < 3 x this
  Duration watchdog_grace = 5s;     // SIGABRT to SIGKILL

  std::string schedule;             // of a oneshot: a cron expression; empty: none
  Duration every{};                 // of a oneshot: from one run to the next; 0s: none
  std::string timezone = "local";   // of `schedule`: "local", "UTC" or an IANA name
  Overlap overlap = Overlap::Skip;  // of a run that is due while the last one is still going
  Duration jitter{};                // each run is late by a random time of up to this
  bool catch_up = false;            // what was missed while nothing could run is run once, later
  bool run_at_start = false;        // also once when the stack starts

  // For development: its files, and how long none must have changed before it is restarted.
  std::vector<std::string> watch;         // globs, relative to `directory`
  std::vector<std::string> watch_ignore;  // rules of a .gitignore there, besides what git ignores
  Duration watch_delay = 300ms;
  bool watch_dependants = false;  // what comes after it is restarted, too

  int reload_signal = 0;  // to what a reload does not replace; 0: none
  int stop_signal = 15;
  StopScope stop_scope = StopScope::Group;
  bool keep_descendants = false;  // what left the group outlives its worker
  Duration stop_timeout = 10s;    // budget of one stop: SIGTERM to SIGKILL

  log::Level stderr_level = log::Level::Warn;  // of plain lines on its standard error
  std::string multiline = "auto";  // auto | off: whether the lines of a stack trace become one

  std::filesystem::path log_file;  // gets its lines too; {slot}, {name}; empty: none

  // "": the telemetry socket for Holdfast's own workers, nothing for others; "off"; "unix:/path";
  // "http://…"; "socket": the telemetry socket, whose program it is and however it becomes ready.
  std::string metrics;
  Duration metrics_interval = std::chrono::seconds(2);
  Duration metrics_timeout = std::chrono::seconds(2);
  // Not a key: what env_file sets. Only the supervisor reads that file, when it accepts a
  // configuration, so that every start until the next reload uses the same contents.
  std::map<std::string, std::string> env_file_values;
  // Not keys: whether the probe's address is that of one of `sockets` (replacement.hpp).
  bool ready_at_socket = false;
  bool health_at_socket = false;
  // Not a key: a digest of each shared section that it depends on (common/config/reload.hpp).
  std::map<std::string, std::size_t> uses;
  bool operator==(const Program&) const = default;
};

// Whether it runs at times, and not when the stack starts.
inline bool is_scheduled(const Program& program) {
  return !program.schedule.empty() || program.every > Duration::zero();
}

// [log]
struct Log {
  log::Level level = log::Level::Info;
  log::Format format = log::Format::Json;
  std::filesystem::path file;  // empty: standard output
  std::uint64_t max_size = 50u << 20;
  std::uint32_t max_files = 10;
  std::vector<std::string> redact;  // what is masked in each line (common/log/redact_paths.hpp)
  std::string priorities = "auto";  // auto | on | off: "<3>" before each line, for the journal
  bool operator==(const Log&) const = default;
};

// [metrics]: how the workers' metrics are merged
struct Metrics {
  std::vector<std::string> gauge_rules;  // "cache_*_bytes max" (gauge_rule.hpp), in order
  Duration stale_after = 15s;            // gauges of a worker that stopped answering are left out
  Duration forget_after = 24h;           // totals that no live worker reports any more
  std::uint32_t max_series_per_worker = 10'000;  // a series is a line
  std::uint32_t max_series = 50'000;
  bool operator==(const Metrics&) const = default;
};

// The field by which a trusted proxy names its client.
enum class ForwardedField {
  XForwardedFor,  // "X-Forwarded-For"
  Forwarded,      // "Forwarded" (RFC 7239)
};

// [http]: the public edge
struct Http {
  std::uint64_t max_header_bytes = 16u << 10;
  std::uint64_t max_body_bytes = 1u << 20;
  std::uint64_t max_document_bytes = 10u << 20;
  std::uint64_t body_memory = 128u << 20;  // for all bodies that one worker holds
  Duration header_timeout = 10s;           // absolute, from the first byte
  Duration body_timeout = 10s;             // plus one second per 64 KiB of body
  Duration idle_timeout = 75s;             // longer than proxies keep theirs: nginx, AWS ALB 60 s
  Duration handler_timeout = 30s;
  std::uint32_t max_connections = 4096;  // per worker
  std::uint32_t max_connections_per_client = 512;
  std::vector<std::string> trusted_proxies;  // CIDRs
  ForwardedField forwarded_field = ForwardedField::XForwardedFor;
  std::vector<std::string> metrics_allow;  // CIDRs that may read /metrics
  std::uint32_t store_threads = 2;
  bool operator==(const Http&) const = default;
};

// [rate_limit]: requests per client, across all API workers
struct RateLimit {
  bool enabled = true;
  std::uint32_t max = 100;
  Duration window = 1min;
  std::vector<std::string> routes;  // "POST /api/documents 20/1m" (route_limit.hpp), besides max
  std::uint32_t ipv6_prefix = 56;   // addresses that share this many bits are one client
  bool legacy_headers = true;       // X-RateLimit-*
  std::string standard_headers = "draft-8";  // draft-8 | draft-7 | draft-6 | off
  std::string redis_url;                     // "": this host's workers only
  // For rediss://. Without a CA file, the system's certificate authorities are trusted.
  std::filesystem::path redis_ca_file;
  std::filesystem::path redis_cert_file;  // this client's certificate, if Redis asks for one
  std::filesystem::path redis_key_file;
  Duration redis_timeout = 50ms;           // without an answer in time: decide locally
  std::string redis_prefix = "holdfast:";  // of the keys in Redis
  bool operator==(const RateLimit&) const = default;
};

// [cors]
struct Cors {
  std::vector<std::string> origins;  // patterns (origin.hpp); empty: off
  bool credentials = false;
  std::vector<std::string> allowed_headers;  // empty: whatever a preflight asks for
  std::vector<std::string> exposed_headers;  // besides those that every response exposes
  Duration max_age = 10min;                  // how long a browser may cache a preflight's answer
  bool operator==(const Cors&) const = default;
};

// [security]: headers of every response; "" omits one
struct Security {
  std::string content_security_policy =
      "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';"
      "frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';"
      "script-src-attr 'none';style-src 'self' https: 'unsafe-inline';upgrade-insecure-requests";
  std::string strict_transport_security = "max-age=31536000; includeSubDomains";
  bool operator==(const Security&) const = default;
};

// [auth]: API keys
struct Auth {
  bool required = false;               // for /api; a key that is sent is always checked
  std::uint32_t rate_limit = 1000;     // requests per rate_limit.window, for keys without their own
  Duration last_used_interval = 1min;  // how often last-used times are written
  Duration expiry_warning = 336h;      // before a key expires: it is warned of; 0s: never
  bool operator==(const Auth&) const = default;
};

// [store]
struct Store {
  std::string url;                  // sqlite:///path; empty: sqlite in the state directory
  bool relaxed_durability = false;  // SQLite synchronous=NORMAL: a power cut may undo the last 2xx
  // PostgreSQL only.
  std::uint32_t pool_size = 4;  // connections of one worker for reads, beside the one that writes
  Duration statement_timeout = 10s;
  Duration connect_timeout = 5s;
  bool operator==(const Store&) const = default;
};

// [queue]
struct Queue {
  std::uint32_t batch = 64;       // short jobs claimed at a time
  std::uint32_t concurrency = 1;  // jobs run at a time
  Duration lease = 30s;
  Duration job_timeout = 10min;
  std::uint32_t max_attempts = 10;
  std::uint32_t max_crashes = 3;
  Duration backoff_base = 1s;
  Duration backoff_cap = 1h;
  Duration poll = 1s;  // in case the doorbell is missed
  Duration keep_done = 24h;
  bool operator==(const Queue&) const = default;
};

// [embedding]
struct Embedding {
  std::string provider = "hashing";   // hashing | openai
  std::uint32_t dimensions = 256;     // of the vectors
  std::uint32_t chunk_bytes = 1200;   // target size of one chunk
  std::uint32_t chunk_overlap = 200;  // repeated from the end of the previous chunk
  // Of the provider "openai": any server with OpenAI's POST /v1/embeddings.
  std::string model;
  std::string base_url = "https://api.openai.com/v1";  // what "/embeddings" is appended to
  // A secret: read from the file, if that is given, for each request.
  std::string api_key;
  std::filesystem::path api_key_file;
  bool request_dimensions = false;         // asks the model for `dimensions` numbers
  std::string encoding_format = "float";   // float | base64: how vectors are asked for
  std::uint32_t batch_items = 64;          // texts in one request
  std::uint64_t batch_bytes = 256u << 10;  // of these texts; a token has a byte at least
  std::uint32_t concurrency = 4;           // requests at a time, per worker
  Duration timeout = 30s;                  // of one request
  Duration query_timeout = 2s;             // of the one that embeds a query; then by text alone
  std::uint32_t retries = 3;               // of a failed request, before the job gives up
  std::string proxy = "environment";       // environment | off | a URL
  std::filesystem::path ca_file;           // trusted besides the system's authorities
  std::set<std::string> literal_secrets;   // not a key: as in AlertReceiver
  bool operator==(const Embedding&) const = default;
};

// [alerts]: what becomes of the conditions that people should hear of
struct Alerts {
  bool enabled = true;
  Duration group_wait = 500ms;    // for more of the same kind, before a message is sent
  Duration cooldown = 15min;      // from a delivered message to the next one about the same alert
  Duration repeat_interval = 4h;  // of what goes on firing, after its first repetition
  Duration startup_grace = 30s;   // of the stack: what starting causes is no alert
  std::string runbook_url;        // runbooks are at this URL + NAME + ".md"; empty: in docs/
  Duration keep_history = 720h;   // of what has been resolved
  bool operator==(const Alerts&) const = default;
};

// [alert_rule.NAME]: changes to one alert (alert_names.hpp). What is unset is as the table of
// conditions has it (supervisor/alerts/condition_table.hpp).
struct AlertRule {
  bool enabled = true;
  std::string severity;                // info | warning | critical; empty: unset
  std::optional<Duration> hold;        // the key `for`: how long a state must last
  std::optional<std::uint32_t> count;  // events within `window`
  std::optional<Duration> window;
  std::optional<Duration> threshold;
  std::optional<Duration> cooldown;
  bool operator==(const AlertRule&) const = default;
};

// [alert_receiver.NAME]: where alerts are sent (receiver_types.hpp has what each type needs).
struct AlertReceiver {
  std::string type;  // "slack", "discord", …; empty: as the host of `url` says
  // Secrets: each is read from the file of the same name, if that is given, whenever it is used.
  std::string url;
  std::filesystem::path url_file;
  std::string secret;  // signs the body (HMAC); empty: no signature
  std::filesystem::path secret_file;
  std::string authorization;  // the Authorization header; empty: none
  std::filesystem::path authorization_file;
  std::vector<std::string> command;   // argv, of type "command"
  Duration timeout = 10s;             // of one attempt
  std::string proxy = "environment";  // environment | off | a URL
  std::filesystem::path ca_file;      // trusted besides the system's authorities
  std::string min_severity = "info";  // info | warning | critical
  std::vector<std::string> rules;     // globs; empty: all
  std::vector<std::string> programs;  // globs; empty: all
  bool send_resolved = true;
  // Not a key: which of `url`, `secret` and `authorization` stand in the file as they are.
  std::set<std::string> literal_secrets;
  bool operator==(const AlertReceiver&) const = default;
};

// [alert_ping]: a dead-man's switch. Whoever expects the request raises the alarm when it stays
// out.
struct AlertPing {
  std::string url;  // empty, and no url_file: off
  std::filesystem::path url_file;
  Duration interval = 1min;
  bool operator==(const AlertPing&) const = default;
};

struct Config {
  Environment environment = Environment::Production;
  std::vector<std::string> include;  // as written in the file itself
  Supervisor supervisor;
  std::map<std::string, Listen> listen;  // "http" is there if a program takes it
  std::vector<Program> programs;         // in the order of the file
  Log log;
  Metrics metrics;
  Http http;
  RateLimit rate_limit;
  Cors cors;
  Security security;
  Auth auth;
  Store store;
  Queue queue;
  Embedding embedding;
  Alerts alerts;
  std::map<std::string, AlertRule> alert_rules;  // by the alert's name
  std::map<std::string, AlertReceiver> alert_receivers;
  AlertPing alert_ping;
  std::filesystem::path source;                 // the file it was read from; empty: none
  std::vector<std::filesystem::path> included;  // the other files, in the order of reading
  std::set<std::string> secrets;  // what replaced ${NAME}s whose names sound secret (mask.hpp)
  bool operator==(const Config&) const = default;
};

}  // namespace holdfast::config
