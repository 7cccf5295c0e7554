// SPDX-License-Identifier: Apache-2.0
// The fields of [supervisor], [listen.NAME], [log] and [metrics], which the supervisor reads.
#include "common/config/gauge_rule.hpp"
#include "common/config/schema.hpp"
#include "common/log/redact_paths.hpp"
#include "common/net/address.hpp"
#include "common/net/host_port.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>

namespace holdfast::config {

using enum ReloadEffect;

namespace {

Result<std::string> check_listen(const std::string& text) {
  HOLDFAST_TRY(net::parse_listen_address(text));
  return text;
}

Result<std::string> check_status_listen(const std::string& text) {
  if (text.empty()) return text;  // off
  HOLDFAST_TRY_ASSIGN(const net::ListenAddress address, net::parse_listen_address(text));
  if (address.kind == net::ListenAddress::Kind::Unix) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' must be host:port; the status socket in runtime_dir is always "
                            "served",
                            text));
  }
  return text;
}

// As the Host of a request names it, without the port, in lower case.
Result<std::string> check_host(const std::string& text) {
  const auto parts = net::split_host_port(text);
  const bool plain = parts && !parts->port && !parts->host.empty() &&
                     std::all_of(parts->host.begin(), parts->host.end(), [&](char c) {
                       return text::is_alphanumeric(c) || c == '-' || c == '.' || c == '_' ||
                              (parts->bracketed && c == ':');
                     });
  if (!plain) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' must be a host name or an address without a port, such as "
                            "\"status.example.com\", \"10.0.0.5\" or \"[2001:db8::5]\"",
                            text));
  }
  return text::to_lower(parts->host);
}

Result<std::string> check_gauge_rule(const std::string& text) {
  HOLDFAST_TRY(parse_gauge_rule(text));
  return text;
}

Result<std::string> check_redact_path(const std::string& text) {
  HOLDFAST_TRY(log::RedactPaths::compile({text}));
  return text;
}

}  // namespace

Fields fields_of(Supervisor& supervisor) {
  return {
      path_field("state_dir", NextStart, supervisor.state_dir, Absence::Refused),
      path_field("runtime_dir", NextStart, supervisor.runtime_dir, Absence::Refused),
      duration_field("shutdown_deadline", Live, supervisor.shutdown_deadline, 1s, 1h),
      duration_field("stop_grace", Live, supervisor.stop_grace, 0s, 24h),
      text_field("status_listen", NextStart, supervisor.status_listen, check_status_listen),
      texts_field("status_hosts", NextStart, supervisor.status_hosts, check_host),
      text_field("worker_user", Roll, supervisor.worker_user, check_account),
      count_field("max_starting", Live, supervisor.max_starting, 1, 1000),
      choice_field<std::string>("on_hopeless", Live, supervisor.on_hopeless,
                                {{"auto", "auto"}, {"keep", "keep"}, {"exit", "exit"}}),
      duration_field("hopeless_after", Live, supervisor.hopeless_after, 1s, 24h),
      choice_field<std::string>("cgroups", NextStart, supervisor.cgroups,
                                {{"auto", "auto"}, {"off", "off"}}),
      count_field("crash_reports", Live, supervisor.crash_reports, 0, 10'000),
      bytes_field("crash_report_bytes", Live, supervisor.crash_report_bytes, 1u << 20, 1ull << 40),
  };
}

Fields fields_of(Listen& listen) {
  return {
      text_field("address", Roll, listen.address, check_listen),
      count_field("backlog", Live, listen.backlog, 1, 65535),
      text_field("owner", Live, listen.owner, check_account),
      text_field("group", Live, listen.group, check_account),
      mode_field("mode", Live, listen.mode),
      flag_field("proxy_protocol", Roll, listen.proxy_protocol),
      flag_field("blocking", Roll, listen.blocking),
  };
}

Fields fields_of(Log& log) {
  return {
      choice_field<log::Level>("level", Live | Roll, log.level,
                               {{"trace", log::Level::Trace},
                                {"debug", log::Level::Debug},
                                {"info", log::Level::Info},
                                {"warn", log::Level::Warn},
                                {"error", log::Level::Error}}),
      choice_field<log::Format>("format", Roll | NextStart, log.format,
                                {{"json", log::Format::Json}, {"pretty", log::Format::Pretty}}),
      path_field("file", NextStart, log.file, Absence::Allowed),
      bytes_field("max_size", NextStart, log.max_size, 64u << 10, 1ull << 40),
      count_field("max_files", NextStart, log.max_files, 1, 1000),
      texts_field("redact", Live | Roll, log.redact, check_redact_path),
      choice_field<std::string>("priorities", NextStart, log.priorities,
                                {{"auto", "auto"}, {"on", "on"}, {"off", "off"}}),
  };
}

Fields fields_of(Metrics& metrics) {
  return {
      texts_field("gauge_rules", NextStart, metrics.gauge_rules, check_gauge_rule),
      duration_field("stale_after", NextStart, metrics.stale_after, 1s, 1h),
      duration_field("forget_after", NextStart, metrics.forget_after, 1min, 24h * 365),
      count_field("max_series_per_worker", NextStart, metrics.max_series_per_worker, 100,
                  1'000'000),
      count_field("max_series", NextStart, metrics.max_series, 100, 5'000'000),
  };
}

}  // namespace holdfast::config
