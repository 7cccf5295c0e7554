// SPDX-License-Identifier: Apache-2.0
#include "common/config/validate.hpp"

#include "common/base/duration.hpp"
#include "common/config/route_limit.hpp"
#include "common/config/slot_text.hpp"
#include "common/config/store_text.hpp"
#include "common/net/address.hpp"
#include "common/net/ip_address.hpp"
#include "common/net/redis_url.hpp"
#include "common/protocol/api_routes.hpp"
#include "common/protocol/names.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>
#include <set>

namespace holdfast::config {

namespace {

bool is_any_host(const net::ListenAddress& address) {
  return address.host == "0.0.0.0" || address.host == "::";
}

// Whether the system lets only one of them be listened on.
bool overlap(const net::ListenAddress& one, const net::ListenAddress& other) {
  using Kind = net::ListenAddress::Kind;
  if (one.kind == Kind::Unix || other.kind == Kind::Unix) return one == other;
  if (one.port == 0 || one.port != other.port) return false;
  const auto first = net::IpAddress::parse(one.host);
  const auto second = net::IpAddress::parse(other.host);
  if (one.kind == other.kind) return is_any_host(one) || is_any_host(other) || first == second;
  // "[::]" takes IPv4 as well.
  return one.host == "::" || other.host == "::";
}

// "[listen.a] address: '0.0.0.0:80' …" for each address that another one leaves no room for.
class Addresses {
 public:
  explicit Addresses(LoadReport& report) : report_(report) {}

  void add(const std::string& section, const std::string& key, const std::string& text) {
    const auto address = net::parse_listen_address(text);
    if (!address || report_.refused(section, key)) return;  // then `text` is the default
    const auto taken = std::find_if(taken_.begin(), taken_.end(), [&](const Taken& other) {
      return overlap(*address, other.address);
    });
    if (taken == taken_.end()) {
      taken_.push_back({*address, section, text});
    } else if (net::format_listen_address(*address) == net::format_listen_address(taken->address)) {
      report_.problem(section, key,
                      fmt::format("{}: '{}' is already used by [{}]", key, text, taken->section));
    } else {
      report_.problem(section, key,
                      fmt::format("{}: '{}' cannot be used beside '{}' of [{}]", key, text,
                                  taken->text, taken->section));
    }
  }

 private:
  struct Taken {
    net::ListenAddress address;
    std::string section;
    std::string text;
  };
  LoadReport& report_;
  std::vector<Taken> taken_;
};

void validate_listeners(const Config& config, LoadReport& report) {
  Addresses addresses(report);
  for (const auto& [name, listen] : config.listen) {
    const std::string section = "listen." + name;
    if (protocol::is_reserved_fd(name)) {
      report.problem(section, "",
                     fmt::format("'{}' is reserved: every worker inherits a descriptor "
                                 "of this name; choose another",
                                 name));
    }
    const auto address = net::parse_listen_address(listen.address);
    if (address && address->kind != net::ListenAddress::Kind::Unix &&
        !report.refused(section, "address")) {
      for (const char* key : {"owner", "group", "mode"}) {
        if (!report.given(section, key)) continue;
        report.warning(
            section, key,
            fmt::format("{} has no effect: '{}' is not a Unix socket", key, listen.address));
      }
    }
    addresses.add(section, "address", listen.address);
  }
  const std::string& status_listen = config.supervisor.status_listen;
  const auto status = net::parse_listen_address(status_listen);
  const auto host = status ? net::IpAddress::parse(status->host) : std::nullopt;
  if (host && !host->is_loopback()) {
    report.warning(
        "supervisor", "status_listen",
        fmt::format(
            "status_listen: '{}' is reachable from other hosts, and the endpoint asks nobody "
            "who they are: let a firewall admit only Prometheus, or use 127.0.0.1",
            status_listen));
  }
  addresses.add("supervisor", "status_listen", status_listen);
}

// Sockets are created at RUNTIME_DIR/workers/<program>.<slot>.<incarnation>.sock, and the length of
// a Unix socket's path is limited. There is to be room for the millionth restart.
void validate_socket_paths(const Config& config, LoadReport& report) {
  std::size_t longest = 0;
  for (const Program& program : config.programs) {
    const std::uint32_t last_slot = std::max(program.replicas, 1u) - 1;
    longest = std::max(longest,
                       fmt::format("/workers/{}.{}.1000000.sock", program.name, last_slot).size());
  }
  if (config.supervisor.runtime_dir.native().find(":/") != std::string::npos) {
    report.problem("supervisor", "runtime_dir",
                   "runtime_dir: no directory on the way may have a name that ends with ':'");
  }
  const std::size_t length = config.supervisor.runtime_dir.native().size() + longest;
  if (length <= net::kMaxUnixPath) return;
  report.problem("supervisor", "runtime_dir",
                 fmt::format("runtime_dir: '{}' is too long: the longest socket path in it would "
                             "have {} bytes; the system allows {}",
                             config.supervisor.runtime_dir.native(), length, net::kMaxUnixPath));
}

// The file whose rotation makes one of this name ("app.log.1", "app.log.kept"); empty: it is no
// such name.
std::filesystem::path rotated_from(const std::filesystem::path& file) {
  const std::string ending = file.extension();
  const bool is_one =
      ending == ".kept" || (ending.size() > 1 && text::all_of(ending.substr(1), text::is_digit));
  return is_one ? std::filesystem::path(file).replace_extension() : std::filesystem::path();
}

void validate_rotated_names(const Config& config, LoadReport& report) {
  std::map<std::filesystem::path, std::string> owners;  // file -> whose it is
  owners.emplace(config.log.file.lexically_normal(), "[log]");
  for (const Program& program : config.programs)
    owners.emplace(program.log_file.lexically_normal(), fmt::format("[program.{}]", program.name));
  owners.erase(std::filesystem::path());
  for (const Program& program : config.programs) {
    const auto owner = owners.find(rotated_from(program.log_file.lexically_normal()));
    if (owner == owners.end()) continue;
    report.problem("program." + program.name, "log_file",
                   fmt::format("log_file: the rotation of '{}', which is that of {}, takes the "
                               "name '{}'; use another one",
                               owner->first.native(), owner->second, program.log_file.native()));
  }
  const auto owner = owners.find(rotated_from(config.log.file.lexically_normal()));
  if (owner == owners.end()) return;
  report.problem("log", "file",
                 fmt::format("file: the rotation of '{}', which is that of {}, takes the name "
                             "'{}'; use another one",
                             owner->first.native(), owner->second, config.log.file.native()));
}

void validate_log_files(const Config& config, LoadReport& report) {
  validate_rotated_names(config, report);
  std::map<std::filesystem::path, std::string> owners;  // file -> program
  for (const Program& program : config.programs) {
    const std::filesystem::path& file = program.log_file;
    if (file.empty()) continue;
    const std::string section = "program." + program.name;
    if (file.lexically_normal() == config.log.file.lexically_normal()) {
      report.problem(
          section, "log_file",
          fmt::format("log_file: '{}' is [log] file, where its lines are anyway", file.native()));
    } else if (!file.has_filename()) {
      report.problem(section, "log_file",
                     fmt::format("log_file: '{}' is a directory; name a file in it, such as "
                                 "'{}{{name}}.log'",
                                 file.native(), file.native()));
    } else if (!contains_slot_name(file.native(), "{name}")) {
      const auto [owner, is_new] = owners.emplace(file.lexically_normal(), program.name);
      if (is_new) continue;
      report.problem(section, "log_file",
                     fmt::format("log_file: '{}' is already that of [program.{}]; put {{name}} "
                                 "into it",
                                 file.native(), owner->second));
    }
  }
}

bool is_unix(const Listen& listen) {
  const auto address = net::parse_listen_address(listen.address);
  return address && address->kind == net::ListenAddress::Kind::Unix;
}

bool any_unix_listener(const Config& config) {
  return std::any_of(config.listen.begin(), config.listen.end(),
                     [](const auto& entry) { return is_unix(entry.second); });
}

void validate_proxy_protocol(const Config& config, LoadReport& report) {
  for (const auto& [name, listen] : config.listen) {
    if (!listen.proxy_protocol) continue;
    if (config.http.trusted_proxies.empty() && !is_unix(listen)) {
      report.warning("listen." + name, "proxy_protocol",
                     "proxy_protocol has no effect: http.trusted_proxies lists no peer whose "
                     "header counts");
    }
    for (const Program& program : config.programs) {
      const auto& sockets = program.sockets;
      if (std::find(sockets.begin(), sockets.end(), name) == sockets.end()) continue;
      const std::string section = "program." + program.name;
      for (const auto& [key, at_socket] : {std::pair("ready", program.ready_at_socket),
                                           std::pair("health", program.health_at_socket)}) {
        if (!at_socket) continue;
        report.warning(section, key,
                       fmt::format("{}: the probe sends no PROXY header; [listen.{}] closes its "
                                   "connection if http.trusted_proxies lists this host",
                                   key, name));
      }
    }
  }
}

// The mode belongs to the socket, not to the process: who shares it has the same one.
void validate_blocking(const Config& config, LoadReport& report) {
  for (const Program& program : config.programs) {
    if (!is_own_worker(program)) continue;
    for (const std::string& name : program.sockets) {
      const auto found = config.listen.find(name);
      if (found == config.listen.end() || !found->second.blocking) continue;
      report.problem("listen." + name, "blocking",
                     fmt::format("blocking: '{}' has the socket too, and needs it non-blocking; "
                                 "give the other programs a listener of their own",
                                 program.name));
    }
  }
}

void validate_redis_files(const RateLimit& rate_limit, LoadReport& report) {
  const auto url = net::parse_redis_url(rate_limit.redis_url);
  const bool tls = url && url->tls;
  for (const auto& [key, file] : {std::pair("redis_ca_file", &rate_limit.redis_ca_file),
                                  std::pair("redis_cert_file", &rate_limit.redis_cert_file),
                                  std::pair("redis_key_file", &rate_limit.redis_key_file)}) {
    if (file->empty() || tls) continue;
    report.warning("rate_limit", key,
                   fmt::format("{} has no effect: redis_url is not a rediss:// one", key));
  }
  if (rate_limit.redis_cert_file.empty() != rate_limit.redis_key_file.empty()) {
    const char* given = rate_limit.redis_cert_file.empty() ? "redis_key_file" : "redis_cert_file";
    report.problem("rate_limit", given,
                   fmt::format("{}: a certificate and its key go together; set redis_cert_file "
                               "and redis_key_file",
                               given));
  }
}

void validate_route_limits(const RateLimit& rate_limit, LoadReport& report) {
  for (const std::string& text : rate_limit.routes) {
    const auto rule = parse_route_limit(text);
    if (!rule || protocol::is_counted(rule->route)) continue;
    report.warning("rate_limit", "routes",
                   fmt::format("routes: '{}' has no effect: requests for {} are never counted",
                               text, rule->route));
  }
}

void validate_service(const Config& config, LoadReport& report) {
  const Http& http = config.http;
  if (http.max_connections_per_client > http.max_connections) {
    report.problem("http", "max_connections_per_client",
                   fmt::format("max_connections_per_client: {} is more than max_connections, {}",
                               http.max_connections_per_client, http.max_connections));
  }
  const std::uint64_t largest = std::max(http.max_document_bytes, http.max_body_bytes);
  if (http.body_memory < largest) {
    report.problem("http", "body_memory",
                   fmt::format("body_memory: {} bytes cannot hold the largest body, {}",
                               http.body_memory, largest));
  }
  if (http.forwarded_field == ForwardedField::Forwarded && http.trusted_proxies.empty() &&
      !any_unix_listener(config)) {
    report.warning("http", "forwarded_field",
                   "forwarded_field has no effect: trusted_proxies lists no peer that may name a "
                   "client");
  }
  validate_redis_files(config.rate_limit, report);
  validate_route_limits(config.rate_limit, report);
  const auto& origins = config.cors.origins;
  const bool any_origin = std::find(origins.begin(), origins.end(), "*") != origins.end();
  if (any_origin && origins.size() > 1) {
    report.problem("cors", "origins", "origins: \"*\" means every origin and must stand alone");
  }
  if (any_origin && config.cors.credentials) {
    report.problem("cors", "credentials",
                   "credentials: browsers refuse them together with origins = [\"*\"]; name the "
                   "origins");
  }
  const Metrics& metrics = config.metrics;
  if (metrics.max_series < metrics.max_series_per_worker) {
    report.problem("metrics", "max_series",
                   fmt::format("max_series: {} is less than max_series_per_worker, {}",
                               metrics.max_series, metrics.max_series_per_worker));
  }
  const Queue& queue = config.queue;
  if (queue.backoff_cap < queue.backoff_base) {
    report.problem(
        "queue", "backoff_cap",
        fmt::format("backoff_cap: {} is less than backoff_base, {}",
                    format_duration(queue.backoff_cap), format_duration(queue.backoff_base)));
  }
  if (config.store.relaxed_durability && config.store.url.starts_with("postgres")) {
    report.warning("store", "relaxed_durability",
                   "relaxed_durability has no effect: it applies to SQLite only");
  }
}

}  // namespace

void validate(const Config& config, LoadReport& report) {
  validate_listeners(config, report);
  validate_proxy_protocol(config, report);
  validate_blocking(config, report);
  validate_socket_paths(config, report);
  validate_log_files(config, report);
  validate_service(config, report);
  validate_embedding(config.embedding, report);
  for (const Program& program : config.programs)
    validate_program(program, report);
  validate_graph(config, report);
  validate_metrics_addresses(config, report);
  validate_alerts(config, report);
  validate_receivers(config, report);
}

}  // namespace holdfast::config
