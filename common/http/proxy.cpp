// SPDX-License-Identifier: Apache-2.0
#include "common/http/proxy.hpp"

#include "common/net/host_port.hpp"
#include "common/net/ip_address.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

namespace holdfast::http {

namespace {

using Variables = std::map<std::string, std::string>;

// The variable that is set, in lower or in upper case; its name goes to `name`.
const std::string* find_variable(const Variables& environment, std::string_view lower,
                                 std::string& name) {
  std::string upper(lower);
  for (char& c : upper)
    c = text::is_lower(c) ? static_cast<char>(c - 'a' + 'A') : c;
  for (std::string candidate : {std::string(lower), upper}) {
    const auto found = environment.find(candidate);
    if (found == environment.end() || found->second.empty()) continue;
    name = std::move(candidate);
    return &found->second;
  }
  return nullptr;
}

bool is_loopback(const std::string& host) {
  const auto address = net::IpAddress::parse(host);
  return address ? address->is_loopback() : text::equals_ignoring_case(host, "localhost");
}

bool excludes_host(std::string_view entry, const std::string& host) {
  if (entry == "*") return true;
  if (const auto address = net::IpAddress::parse(host)) {
    if (const auto range = net::Network::parse(std::string(entry)))
      return range->contains(*address);
    return false;
  }
  if (entry.starts_with("*.")) entry.remove_prefix(1);
  const std::string_view domain = entry.starts_with('.') ? entry.substr(1) : entry;
  if (domain.empty() || host.size() < domain.size()) return false;
  const std::string_view tail = std::string_view(host).substr(host.size() - domain.size());
  return text::equals_ignoring_case(tail, domain) &&
         (tail.size() == host.size() || host[host.size() - tail.size() - 1] == '.');
}

bool excludes(std::string_view list, const net::Url& url) {
  while (!list.empty()) {
    const auto end = std::min(list.find_first_of(", "), list.size());
    std::string_view entry = text::trim(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
    if (entry.empty()) continue;
    const auto parts = net::split_host_port(entry);
    if (parts && parts->port) {
      if (text::parse_number<std::uint16_t>(*parts->port) != url.port) continue;
      if (excludes_host(parts->host, url.host)) return true;
    } else if (excludes_host(entry, url.host)) {
      return true;
    }
  }
  return false;
}

}  // namespace

Result<std::optional<net::ProxyUrl>> proxy_for(const net::Url& url, const Variables& environment) {
  if (url.scheme == net::Url::Scheme::Unix || is_loopback(url.host)) return std::nullopt;
  std::string name;
  const bool https = url.scheme == net::Url::Scheme::Https;
  const std::string* given = find_variable(environment, https ? "https_proxy" : "http_proxy", name);
  if (given == nullptr) given = find_variable(environment, "all_proxy", name);
  if (given == nullptr) return std::nullopt;
  std::string ignored;
  const std::string* const without = find_variable(environment, "no_proxy", ignored);
  if (without != nullptr && excludes(*without, url)) return std::nullopt;
  const auto proxy = net::parse_proxy_url(*given);
  if (!proxy) return fail(proxy.error().with_context(name));
  return *proxy;
}

Result<std::optional<net::ProxyUrl>> proxy_by(const std::string& setting, const std::string& url,
                                              const Variables& environment) {
  if (setting == "off") return std::nullopt;
  HOLDFAST_TRY_ASSIGN(const net::Url parsed, net::parse_url(url));
  if (setting == "environment") return proxy_for(parsed, environment);
  HOLDFAST_TRY_ASSIGN(net::ProxyUrl proxy, net::parse_proxy_url(setting));
  return proxy;
}

}  // namespace holdfast::http
