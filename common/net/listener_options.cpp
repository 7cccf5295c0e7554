// SPDX-License-Identifier: Apache-2.0
#include "common/net/listener_options.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cerrno>

namespace holdfast::net {

namespace {

struct Number {
  int level;
  int option;
  const char* name;
};

constexpr std::array kKept = {
    Number{IPPROTO_IP, IP_MINTTL, "IP_MINTTL"},
    Number{IPPROTO_IPV6, IPV6_MINHOPCOUNT, "IPV6_MINHOPCOUNT"},
    Number{IPPROTO_IP, IP_TTL, "IP_TTL"},
    Number{IPPROTO_IPV6, IPV6_UNICAST_HOPS, "IPV6_UNICAST_HOPS"},
    Number{SOL_SOCKET, SO_DONTROUTE, "SO_DONTROUTE"},
    Number{SOL_SOCKET, SO_BINDTOIFINDEX, "SO_BINDTODEVICE"},
    // Accepted sockets inherit these.
    Number{SOL_SOCKET, SO_MAX_PACING_RATE, "SO_MAX_PACING_RATE"},
    Number{SOL_SOCKET, SO_RCVLOWAT, "SO_RCVLOWAT"},
    Number{SOL_SOCKET, SO_LINGER, "SO_LINGER"},
    Number{IPPROTO_TCP, TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT"},
    Number{IPPROTO_TCP, TCP_MAXSEG, "TCP_MAXSEG"},
};

constexpr int kNoLinger = -1;     // in place of SO_LINGER's seconds
constexpr int kDefaultMss = 536;  // what the kernel tells where none is set

bool is(const Number& number, int level, int option) {
  return number.level == level && number.option == option;
}

std::optional<int> read_number(int socket, const Number& number) {
  if (is(number, SOL_SOCKET, SO_LINGER)) {
    linger value{};
    socklen_t size = sizeof value;
    if (::getsockopt(socket, number.level, number.option, &value, &size) != 0) return std::nullopt;
    return value.l_onoff != 0 ? value.l_linger : kNoLinger;
  }
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(socket, number.level, number.option, &value, &size) != 0) return std::nullopt;
  return value;
}

bool write_number(int socket, const Number& number, int value) {
  if (is(number, SOL_SOCKET, SO_LINGER)) {
    const linger wanted{value == kNoLinger ? 0 : 1, value == kNoLinger ? 0 : value};
    return ::setsockopt(socket, number.level, number.option, &wanted, sizeof wanted) == 0;
  }
  if (is(number, IPPROTO_TCP, TCP_MAXSEG) && value == kDefaultMss) value = 0;
  return ::setsockopt(socket, number.level, number.option, &value, sizeof value) == 0;
}

void add_name(std::string& names, const char* name) {
  if (!names.empty()) names += ", ";
  names += name;
}

// A length of 0 asks how long it is; of a program in eBPF that cannot be said (EACCES).
bool has_filter(int socket) {
  socklen_t size = 0;
  if (::getsockopt(socket, SOL_SOCKET, SO_GET_FILTER, nullptr, &size) != 0) return errno == EACCES;
  return size > 0;
}

}  // namespace

ListenerOptions ListenerOptions::of(int listener) {
  static_assert(kKept.size() == kNumbers);
  ListenerOptions options;
  for (std::size_t i = 0; i < kNumbers; ++i)
    options.numbers_[i] = read_number(listener, kKept[i]);
  return options;
}

ListenerOptions::SetBack ListenerOptions::set_back(int listener) const {
  constexpr const char* kFilter = "SO_ATTACH_FILTER";
  SetBack result;
  const int none = 0;
  if (::setsockopt(listener, SOL_SOCKET, SO_DETACH_FILTER, &none, sizeof none) == 0) {
    add_name(result.undone, kFilter);
  } else if (errno == EPERM && has_filter(listener)) {  // SO_LOCK_FILTER
    add_name(result.stuck, kFilter);
  }
  for (std::size_t i = 0; i < kNumbers; ++i) {
    const auto& was = numbers_[i];
    if (!was || read_number(listener, kKept[i]) == was) continue;
    const bool set = write_number(listener, kKept[i], *was);
    add_name(set ? result.undone : result.stuck, kKept[i].name);
  }
  return result;
}

// Of a listening socket the kernel tells it in the place of what a connection has in flight.
std::optional<unsigned> backlog_of(int listener) {
  tcp_info info{};
  socklen_t size = sizeof info;
  if (::getsockopt(listener, IPPROTO_TCP, TCP_INFO, &info, &size) != 0) return std::nullopt;
  return info.tcpi_sacked;
}

}  // namespace holdfast::net
