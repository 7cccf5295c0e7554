// SPDX-License-Identifier: Apache-2.0
#include "common/net/ip_address.hpp"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace holdfast::api {

namespace {

constexpr std::array<unsigned char, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

std::optional<unsigned> parse_number(std::string_view text, unsigned limit) {
  unsigned value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size() || value > limit) return {};
  return value;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  if (text.empty() || text.size() >= buffer.size()) return {};
  std::copy(text.begin(), text.end(), buffer.begin());
  IpAddress address;
  if (::inet_pton(AF_INET, buffer.data(), address.bytes_.data()) == 1) return address;
  if (::inet_pton(AF_INET6, buffer.data(), address.bytes_.data()) != 1) return {};
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), address.bytes_.begin())) {
    IpAddress mapped;
    std::copy(address.bytes_.begin() + 12, address.bytes_.end(), mapped.bytes_.begin());
    return mapped;
  }
  address.v4_ = false;
  return address;
}

std::optional<IpAddress> IpAddress::parse_forwarded(std::string_view entry) {
  if (!entry.empty() && entry.front() == '[') {
    const std::size_t end = entry.find(']');
    if (end == std::string_view::npos) return {};
    const std::string_view port = entry.substr(end + 1);
    if (!port.empty() && (port[0] != ':' || !parse_number(port.substr(1), 65535))) return {};
    return parse(entry.substr(1, end - 1));
  }
  // One colon can only be a port; two or more are IPv6.
  const std::size_t colon = entry.find(':');
  if (colon == std::string_view::npos || entry.find(':', colon + 1) != std::string_view::npos) {
    return parse(entry);
  }
  if (!parse_number(entry.substr(colon + 1), 65535)) return {};
  return parse(entry.substr(0, colon));
}

bool IpAddress::is_loopback() const {
  if (v4_) return bytes_[0] == 127;
  return std::all_of(bytes_.begin(), bytes_.end() - 1, [](unsigned char b) { return b == 0; }) &&
         bytes_[15] == 1;
}

std::string IpAddress::to_string() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  ::inet_ntop(v4_ ? AF_INET : AF_INET6, bytes_.data(), buffer.data(), buffer.size());
  return buffer.data();
}

IpAddress IpAddress::network_of(unsigned bits) const {
  if (v4_) return *this;
  IpAddress network = *this;
  for (unsigned i = 0; i < network.bytes_.size(); ++i) {
    const unsigned kept = std::clamp(bits, i * 8, i * 8 + 8) - i * 8;
    network.bytes_[i] &= static_cast<unsigned char>(0xff00u >> kept);
  }
  return network;
}

Result<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  if (!address) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is not a network: write it like \"10.0.0.0/8\"", text));
  }
  Network network;
  network.base_ = *address;
  const unsigned width = address->v4_ ? 32 : 128;
  network.bits_ = width;
  if (slash != std::string_view::npos) {
    const auto bits = parse_number(text.substr(slash + 1), width);
    if (!bits) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("'{}': the prefix length must be 0 to {}", text, width));
    }
    network.bits_ = *bits;
  }
  for (unsigned bit = network.bits_; bit < width; ++bit) {
    if ((address->bytes_[bit / 8] >> (7 - bit % 8)) & 1) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("'{}' has bits beyond its prefix length", text));
    }
  }
  return network;
}

bool Network::contains(const IpAddress& address) const {
  if (address.v4_ != base_.v4_) return false;
  const unsigned whole = bits_ / 8;
  if (!std::equal(base_.bytes_.begin(), base_.bytes_.begin() + whole, address.bytes_.begin())) {
    return false;
  }
  const unsigned rest = bits_ % 8;
  if (rest == 0) return true;
  const auto mask = static_cast<unsigned char>(0xff << (8 - rest));
  return (base_.bytes_[whole] & mask) == (address.bytes_[whole] & mask);
}

}  // namespace holdfast::api
