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
    Number{SOL_SOCKET, SO_MAX_PACING_RATE, "SO_MAX_PACING_RATE"},  // accepted sockets inherit it
};

std::optional<int> read_number(int socket, const Number& number) {
  int value = 0;
  socklen_t size = sizeof value;
  if (::getsockopt(socket, number.level, number.option, &value, &size) != 0) return std::nullopt;
  return value;
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
    const bool set =
        ::setsockopt(listener, kKept[i].level, kKept[i].option, &*was, sizeof *was) == 0;
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
