// SPDX-License-Identifier: Apache-2.0
#include "common/net/postgres_url.hpp"

#include "common/text/number.hpp"
#include "common/text/percent.hpp"

#include <algorithm>
#include <array>
#include <string>

namespace holdfast::net {

namespace {

// libpq's, up to version 18. Sorted.
constexpr std::array<std::string_view, 49> kParameters{
    "application_name",
    "channel_binding",
    "client_encoding",
    "connect_timeout",
    "dbname",
    "fallback_application_name",
    "gssdelegation",
    "gssencmode",
    "gsslib",
    "host",
    "hostaddr",
    "keepalives",
    "keepalives_count",
    "keepalives_idle",
    "keepalives_interval",
    "krbsrvname",
    "load_balance_hosts",
    "max_protocol_version",
    "min_protocol_version",
    "options",
    "passfile",
    "password",
    "port",
    "replication",
    "require_auth",
    "requirepeer",
    "requiressl",
    "scram_client_key",
    "scram_server_key",
    "service",
    "servicefile",
    "ssl",
    "ssl_max_protocol_version",
    "ssl_min_protocol_version",
    "sslcert",
    "sslcertmode",
    "sslcompression",
    "sslcrl",
    "sslcrldir",
    "sslkey",
    "sslkeylogfile",
    "sslmode",
    "sslnegotiation",
    "sslpassword",
    "sslrootcert",
    "sslsni",
    "target_session_attrs",
    "tcp_user_timeout",
    "user",
};
static_assert(std::is_sorted(kParameters.begin(), kParameters.end()));

constexpr std::array<std::string_view, 6> kSslModes{"disable", "allow",     "prefer",
                                                    "require", "verify-ca", "verify-full"};

Failure invalid(std::string_view what) {
  return fail(
      ErrorKind::InvalidArgument,
      fmt::format("{}; write \"postgresql://user@host:5432/database?sslmode=verify-full\"", what));
}

bool decodes(std::string_view text) {
  std::string decoded;
  return text::percent_decode(text, decoded);
}

Result<void> check_port(std::string_view text) {
  const auto port = text::parse_digits<std::uint16_t>(text);
  if (!port || *port == 0) return invalid("the port is not a number from 1 to 65535");
  return {};
}

// "host:port,[::1]:port,%2Frun%2Fpostgresql"; each part may be missing.
Result<void> check_hosts(std::string_view hosts) {
  while (!hosts.empty()) {
    const std::string_view host = hosts.substr(0, hosts.find(','));
    hosts.remove_prefix(std::min(host.size() + 1, hosts.size()));
    std::string_view port;
    if (host.starts_with('[')) {
      const std::size_t end = host.find(']');
      if (end == std::string_view::npos) return invalid("an IPv6 address has no closing bracket");
      if (end + 1 < host.size() && host[end + 1] != ':') return invalid("the host is malformed");
      if (end + 1 < host.size()) port = host.substr(end + 2);
    } else if (const std::size_t colon = host.find(':'); colon != std::string_view::npos) {
      port = host.substr(colon + 1);
    }
    if (!decodes(host)) return invalid("the host has an invalid percent-escape");
    if (!port.empty()) HOLDFAST_TRY(check_port(port));
  }
  return {};
}

Result<void> check_parameter(std::string_view parameter) {
  const std::size_t equals = parameter.find('=');
  if (equals == std::string_view::npos) return invalid("a parameter has no value");
  std::string name;
  std::string value;
  if (!text::percent_decode(parameter.substr(0, equals), name) ||
      !text::percent_decode(parameter.substr(equals + 1), value)) {
    return invalid("a parameter has an invalid percent-escape");
  }
  if (!std::binary_search(kParameters.begin(), kParameters.end(), name)) {
    return invalid(fmt::format("libpq has no parameter '{}'", name));
  }
  if (name == "sslmode" &&
      std::find(kSslModes.begin(), kSslModes.end(), value) == kSslModes.end()) {
    return invalid(fmt::format("sslmode is one of {}", fmt::join(kSslModes, ", ")));
  }
  if (name == "port") return check_port(value.substr(0, value.find(',')));
  return {};
}

}  // namespace

Result<void> check_postgres_url(std::string_view text) {
  const std::size_t scheme = text.find("://");
  if (scheme == std::string_view::npos) return invalid("there is no scheme");
  std::string_view rest = text.substr(scheme + 3);
  std::string_view parameters;
  if (const std::size_t question = rest.find('?'); question != std::string_view::npos) {
    parameters = rest.substr(question + 1);
    rest = rest.substr(0, question);
  }
  const std::size_t slash = rest.find('/');
  std::string_view authority = rest.substr(0, slash);
  const std::string_view database =
      slash == std::string_view::npos ? std::string_view() : rest.substr(slash + 1);
  if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
    const std::string_view credentials = authority.substr(0, at);
    authority = authority.substr(at + 1);
    if (!decodes(credentials)) return invalid("the user or password has an invalid percent-escape");
    if (credentials.find('@') != std::string_view::npos) {
      return invalid("an '@' in the user or password is written %40");
    }
  }
  HOLDFAST_TRY(check_hosts(authority));
  if (!decodes(database)) return invalid("the database has an invalid percent-escape");
  if (database.find('/') != std::string_view::npos) {
    return invalid("a '/' in the password or in the database's name is written %2F");
  }
  while (!parameters.empty()) {
    const std::string_view parameter = parameters.substr(0, parameters.find('&'));
    parameters.remove_prefix(std::min(parameter.size() + 1, parameters.size()));
    HOLDFAST_TRY(check_parameter(parameter));
  }
  return {};
}

std::string describe_postgres_url(std::string_view text) {
  text.remove_prefix(std::min(text.find("://") + 3, text.size()));
  std::string_view parameters;
  if (const std::size_t question = text.find('?'); question != std::string_view::npos) {
    parameters = text.substr(question + 1);
    text = text.substr(0, question);
  }
  const std::size_t slash = text.find('/');
  std::string_view hosts = text.substr(0, slash);
  if (const std::size_t at = hosts.rfind('@'); at != std::string_view::npos) {
    hosts.remove_prefix(at + 1);
  }
  const auto decoded = [](std::string_view value) {
    std::string out;
    return text::percent_decode(value, out) ? out : std::string(value);
  };
  std::string host = decoded(hosts);
  std::string database = slash == std::string_view::npos ? "" : decoded(text.substr(slash + 1));
  std::string port;
  std::string service;
  while (!parameters.empty()) {
    const std::string_view parameter = parameters.substr(0, parameters.find('&'));
    parameters.remove_prefix(std::min(parameter.size() + 1, parameters.size()));
    const std::size_t equals = std::min(parameter.find('='), parameter.size());
    const std::string_view name = parameter.substr(0, equals);
    const std::string value = decoded(parameter.substr(std::min(equals + 1, parameter.size())));
    if (name == "host" || (name == "hostaddr" && host.empty())) host = value;
    if (name == "port") port = value;
    if (name == "dbname") database = value;
    if (name == "service") service = value;
  }
  std::string shown = "postgresql " + (host.empty() ? "local" : host);
  if (!port.empty()) shown += ":" + port;
  if (!database.empty()) shown += "/" + database;
  if (!service.empty()) shown += " (service " + service + ")";
  return shown;
}

}  // namespace holdfast::net
