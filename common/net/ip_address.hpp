// SPDX-License-Identifier: Apache-2.0
#pragma once

// Addresses and networks in one canonical form, so that ::ffff:10.0.0.1 and 10.0.0.1 are the same
// client and match the same network (RFC 4291, 2.5.5.2). Threads: values.

#include "common/base/result.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::api {

class IpAddress {
 public:
  // Textual IPv4 or IPv6, nothing around it; an IPv4-mapped address becomes IPv4. No zone ids.
  static std::optional<IpAddress> parse(std::string_view text);
  // One entry of X-Forwarded-For: also "1.2.3.4:80", "[::1]" and "[::1]:80".
  static std::optional<IpAddress> parse_forwarded(std::string_view entry);

  bool is_v4() const { return v4_; }
  bool is_loopback() const;
  std::string to_string() const;
  // The first `bits` bits and zeros; IPv4 as it is. How many addresses one IPv6 client has is up to
  // its network.
  IpAddress network_of(unsigned bits) const;
  bool operator==(const IpAddress&) const = default;

 private:
  friend class Network;
  std::array<unsigned char, 16> bytes_{};  // IPv4 in the first four
  bool v4_ = true;
};

class Network {
 public:
  // "10.0.0.0/8", "fd00::/8", or one address. Bits beyond the prefix must be zero: a network
  // written with a host part is more often a mistake than meant.
  static Result<Network> parse(std::string_view text);
  bool contains(const IpAddress& address) const;

 private:
  IpAddress base_;
  unsigned bits_ = 0;
};

}  // namespace holdfast::api
