// SPDX-License-Identifier: Apache-2.0
#include "common/config/replacement.hpp"

#include "common/config/slot_text.hpp"
#include "common/net/address.hpp"
#include "common/net/ip_address.hpp"
#include "common/net/url.hpp"

#include <algorithm>

namespace holdfast::config {

namespace {

bool any_host(const net::ListenAddress& address) {
  return address.host == "0.0.0.0" || address.host == "::";
}

bool same_host(const std::string& asked, const net::ListenAddress& listener) {
  if (any_host(listener) || asked == listener.host) return true;
  const bool loopback = listener.host == "127.0.0.1" || listener.host == "::1";
  return asked == "localhost" && loopback;
}

bool leads_to(const Probe& probe, const Listen& listen) {
  if (!probe.has_address() || contains_slot_names(probe.address)) return false;
  const bool tcp = probe.kind == Probe::Kind::Tcp;
  const auto url = net::parse_literal_url(tcp ? "http://" + probe.address : probe.address, "/");
  const auto listener = net::parse_listen_address(listen.address);
  if (!url || !listener) return false;
  if (listener->kind == net::ListenAddress::Kind::Unix) {
    return url->scheme == net::Url::Scheme::Unix && url->socket_path == listener->path;
  }
  return url->scheme != net::Url::Scheme::Unix && url->port == listener->port &&
         same_host(url->host, *listener);
}

bool leads_to_one_of(const Probe& probe, const Program& program, const Config& config) {
  return std::any_of(program.sockets.begin(), program.sockets.end(), [&](const std::string& name) {
    const auto found = config.listen.find(name);
    return found != config.listen.end() && leads_to(probe, found->second);
  });
}

}  // namespace

void note_probed_sockets(Config& config) {
  for (Program& program : config.programs) {
    program.ready_at_socket = leads_to_one_of(program.ready_probe, program, config);
    program.health_at_socket = leads_to_one_of(program.health, program, config);
  }
}

bool overlaps(const Program& program) {
  if (program.type == ProgramType::Oneshot) return false;
  switch (program.replace) {
    case Replace::Overlap: return true;
    case Replace::StopFirst: return false;
    case Replace::Auto: break;
  }
  // A port of its own: the old process has it.
  if (!uses_of_port(program).empty()) return false;
  switch (program.ready) {
    case ReadyKind::Notify:
    case ReadyKind::LogLine: return true;
    case ReadyKind::Started: return false;
    case ReadyKind::Probe: return program.ready_at_socket;
  }
  return false;
}

std::vector<const char*> uses_of_port(const Program& program) {
  const auto has_port = [](const std::string& text) { return contains_slot_name(text, "{port}"); };
  const auto any_has_port = [&](const std::vector<std::string>& texts) {
    return std::any_of(texts.begin(), texts.end(), has_port);
  };
  const auto probe_has_port = [&](const Probe& probe) {
    return has_port(probe.address) || any_has_port(probe.command);
  };
  std::vector<const char*> keys;
  if (any_has_port(program.command)) keys.push_back("command");
  if (std::any_of(program.environment.begin(), program.environment.end(),
                  [&](const auto& variable) { return has_port(variable.second); })) {
    keys.push_back("environment");
  }
  if (probe_has_port(program.ready_probe)) keys.push_back("ready");
  if (probe_has_port(program.health)) keys.push_back("health");
  if (has_port(program.metrics)) keys.push_back("metrics");
  if (has_port(program.log_file.native())) keys.push_back("log_file");
  return keys;
}

}  // namespace holdfast::config
