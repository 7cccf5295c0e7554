// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/servers.hpp"

#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>
#include <random>
#include <string_view>

namespace holdfast::store::postgres {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::seconds kRemembersSilence = 60s;

struct FinishConnection {
  void operator()(PGconn* connection) const { libpq().PQfinish(connection); }
};
struct FreeSettings {
  void operator()(PQconninfoOption* settings) const { libpq().PQconninfoFree(settings); }
};
struct FreeAddresses {
  void operator()(addrinfo* addresses) const { ::freeaddrinfo(addresses); }
};

// What the URL, the service file and the environment come to; each "" if none of them says it.
struct Where {
  std::string hosts;
  std::string addresses;
  std::string ports;
  std::string session;
  bool random = false;
};

// Nothing but libpq itself knows which of them counts. A setting that it refuses keeps it from
// connecting; by then it has read all others.
Where where_of(const std::string& url) {
  const std::array<const char*, 3> keywords{"dbname", "channel_binding", nullptr};
  const std::array<const char*, 3> values{url.c_str(), "not connecting", nullptr};
  const std::unique_ptr<PGconn, FinishConnection> connection(
      libpq().PQconnectStartParams(keywords.data(), values.data(), 1));
  const std::unique_ptr<PQconninfoOption, FreeSettings> settings(
      connection ? libpq().PQconninfo(connection.get()) : nullptr);
  const auto value = [&](std::string_view name) -> std::string {
    for (const PQconninfoOption* s = settings.get(); s != nullptr && s->keyword != nullptr; ++s) {
      if (name == s->keyword && s->val != nullptr) return s->val;
    }
    return {};
  };
  return {value("host"), value("hostaddr"), value("port"), value("target_session_attrs"),
          value("load_balance_hosts") == "random"};
}

// "a,,b" is three.
std::vector<std::string> elements(const std::string& list) {
  std::vector<std::string> result;
  std::size_t begin = 0;
  for (std::size_t comma = 0; comma != std::string::npos; begin = comma + 1) {
    comma = list.find(',', begin);
    result.push_back(list.substr(begin, comma == std::string::npos ? comma : comma - begin));
  }
  return result;
}

bool is_socket_path(const std::string& host) {
  return host.starts_with('/') || host.starts_with('@');
}

void add_addresses_of(const Server& server, std::vector<Attempt>& attempts) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  const int error = ::getaddrinfo(server.host.c_str(), nullptr, &hints, &found);
  const std::unique_ptr<addrinfo, FreeAddresses> all(error == 0 ? found : nullptr);
  if (error != 0) {
    attempts.push_back({server, nullptr, 1,
                        "could not translate host name \"" + server.host +
                            "\" to address: " + ::gai_strerror(error)});
  }
  for (const addrinfo* one = all.get(); one != nullptr; one = one->ai_next) {
    std::array<char, NI_MAXHOST> text{};
    if (::getnameinfo(one->ai_addr, one->ai_addrlen, text.data(), text.size(), nullptr, 0,
                      NI_NUMERICHOST) == 0) {
      attempts.push_back({{server.host, text.data(), server.port}, nullptr, 1, {}});
    }
  }
}

// One for each address.
std::vector<Attempt> addresses_of(const Where& where) {
  const auto hosts = elements(where.hosts);
  const auto addresses = elements(where.addresses);
  const auto ports = elements(where.ports);
  const std::size_t count = std::max(hosts.size(), addresses.size());
  const auto at = [](const std::vector<std::string>& list, std::size_t i) {
    return list.size() == 1 ? list.front() : list[i];
  };
  std::vector<Attempt> attempts;
  // The default socket has no name here, and lists that do not fit together are libpq's to refuse:
  // then the URL is taken as it is.
  const std::vector<Attempt> as_it_is{Attempt{{}, nullptr, static_cast<int>(count), {}}};
  const auto fits = [&](const std::vector<std::string>& list, const std::string& text) {
    return text.empty() || list.size() == count;
  };
  if (!fits(hosts, where.hosts) || !fits(addresses, where.addresses)) return as_it_is;
  if (ports.size() != 1 && ports.size() != count) return as_it_is;
  for (std::size_t i = 0; i < count; ++i) {
    const Server server{at(hosts, i), at(addresses, i), at(ports, i)};
    const bool is_socket = server.address.empty() && is_socket_path(server.host);
    // What is empty cannot replace what the URL says.
    if (server.host.empty() && server.address.empty()) return as_it_is;
    if (count > 1 && (server.port.empty() || (is_socket && !where.addresses.empty()))) {
      return as_it_is;
    }
    if (is_socket || !server.address.empty()) {
      attempts.push_back({server, nullptr, 1, {}});
    } else {
      add_addresses_of(server, attempts);
    }
  }
  return attempts.empty() ? as_it_is : attempts;
}

}  // namespace

std::vector<Attempt> Servers::attempts(const std::string& url, Time now) const {
  const Where where = where_of(url);
  std::vector<Attempt> found = addresses_of(where);
  if (where.random) std::shuffle(found.begin(), found.end(), std::mt19937(std::random_device{}()));
  const bool is_as_it_is = found.front().server == Server{};
  const bool two_rounds = where.session == "prefer-standby" && !is_as_it_is;
  const std::lock_guard lock(mutex_);
  if (last_ && !where.random) {
    std::stable_partition(found.begin(), found.end(),
                          [&](const Attempt& a) { return a.server == *last_; });
  }
  const auto speaks = [&](const Attempt& attempt) {
    return std::none_of(silent_.begin(), silent_.end(), [&](const auto& silent) {
      return silent.first == attempt.server && now < silent.second;
    });
  };
  const auto silent = std::stable_partition(found.begin(), found.end(), speaks);
  std::vector<Attempt> result;
  const auto add = [&](auto begin, auto end, const char* session) {
    for (; begin != end; ++begin) {
      result.push_back(*begin);
      result.back().session = session;
    }
  };
  for (const auto& [begin, end] : {std::pair(found.begin(), silent), {silent, found.end()}}) {
    add(begin, end, two_rounds ? "standby" : nullptr);
    if (two_rounds) add(begin, end, "any");
  }
  return result;
}

void Servers::note_connected(const Server& server) {
  const std::lock_guard lock(mutex_);
  last_ = server;
  std::erase_if(silent_, [&](const auto& silent) { return silent.first == server; });
}

void Servers::note_silence(const Server& server, Time now) {
  const std::lock_guard lock(mutex_);
  std::erase_if(silent_,
                [&](const auto& silent) { return silent.first == server || silent.second <= now; });
  silent_.emplace_back(server, now + kRemembersSilence);
}

PGconn* begin_to_connect(const std::string& url, const Attempt& attempt,
                         const std::string& silence) {
  // What stands before the URL is a default, what stands behind it is not for the URL to change.
  // libpq passes over what is null or empty.
  const std::array<std::pair<const char*, const char*>, 12> settings{{
      {"fallback_application_name", "holdfast"},
      {"keepalives_idle", "15"},
      {"keepalives_interval", "5"},
      {"keepalives_count", "3"},
      {"tcp_user_timeout", silence.c_str()},
      {"dbname", url.c_str()},
      {"client_encoding", "UTF8"},
      {"host", attempt.server.host.c_str()},
      {"hostaddr", attempt.server.address.c_str()},
      {"port", attempt.server.port.c_str()},
      {"target_session_attrs", attempt.session},
      {nullptr, nullptr},
  }};
  std::array<const char*, settings.size()> keywords{};
  std::array<const char*, settings.size()> values{};
  for (std::size_t i = 0; i < settings.size(); ++i) {
    keywords[i] = settings[i].first;
    values[i] = settings[i].second;
  }
  return libpq().PQconnectStartParams(keywords.data(), values.data(), 1);
}

}  // namespace holdfast::store::postgres
