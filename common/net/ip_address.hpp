// SPDX-License-Identifier: Apache-2.0
#pragma once

// IP addresses and networks in one canonical form: the IPv4-mapped ::ffff:10.0.0.1 is 10.0.0.1
// (RFC 4291, 2.5.5.2), so both are the same client and are in the same networks.
// Threads: values.

#include "common/base/result.hpp"

#include <sys/socket.h>

#include <array>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::net {

class IpAddress {
 public:
  // Textual IPv4 or IPv6, with nothing around it and without a zone id.
  static std::optional<IpAddress> parse(std::string_view text);
  // One entry of X-Forwarded-For: also "1.2.3.4:80", "[::1]" and "[::1]:80", and "fe80::1%eth0",
  // whose zone is left out.
  static std::optional<IpAddress> parse_forwarded(std::string_view entry);
  // The address of an AF_INET or AF_INET6 socket; nothing for another family.
  static std::optional<IpAddress> from_socket(const sockaddr_storage& address);

  bool is_v4() const { return v4_; }
  bool is_loopback() const;
  std::string to_string() const;
  // An IPv6 address with everything after the first `bits` bits set to zero; an IPv4 address as it
  // is. An IPv6 client has as many addresses as its network gives it, an IPv4 client has one.
  IpAddress network_of(unsigned bits) const;
  bool operator==(const IpAddress&) const = default;

 private:
  friend class Network;
  static std::optional<IpAddress> parse_with_zone(std::string_view text);
  static IpAddress from_v6(const std::array<unsigned char, 16>& bytes);
  std::array<unsigned char, 16> bytes_{};  // IPv4 in the first four
  bool v4_ = true;
};

// A range of addresses in CIDR notation.
class Network {
 public:
  // "10.0.0.0/8", "fd00::/8" or "::ffff:10.0.0.0/104"; a bare address means that one host. Host
  // bits must be zero: "10.0.0.1/8" is more often a mistake than intended. InvalidArgument says
  // what was expected.
  static Result<Network> parse(std::string_view text);
  bool contains(const IpAddress& address) const;
  std::string to_string() const;  // always with the prefix length: "10.1.2.3/32"

 private:
  unsigned width() const { return base_.v4_ ? 32 : 128; }
  IpAddress base_;
  unsigned bits_ = 0;  // the prefix length
};

}  // namespace holdfast::net
