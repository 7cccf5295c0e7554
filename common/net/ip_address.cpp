// SPDX-License-Identifier: Apache-2.0
#include "common/net/ip_address.hpp"

#include "common/net/host_port.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace holdfast::net {

namespace {

using Bytes = std::array<unsigned char, 16>;

constexpr std::array<unsigned char, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

// The first `width` bits of `bytes` with those after the first `bits` set to zero.
Bytes without_host_bits(Bytes bytes, unsigned bits, unsigned width) {
  for (unsigned i = 0; i < width / 8; ++i) {
    const unsigned kept = std::clamp(bits, i * 8, i * 8 + 8) - i * 8;
    bytes[i] &= static_cast<unsigned char>(0xff00u >> kept);
  }
  return bytes;
}

}  // namespace

IpAddress IpAddress::from_v6(const Bytes& bytes) {
  IpAddress address;
  if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin())) {
    std::copy(bytes.begin() + 12, bytes.end(), address.bytes_.begin());
  } else {
    address.bytes_ = bytes;
    address.v4_ = false;
  }
  return address;
}

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
  std::array<char, INET6_ADDRSTRLEN> terminated{};
  if (text.empty() || text.size() >= terminated.size()) return {};
  std::copy(text.begin(), text.end(), terminated.begin());
  IpAddress v4;
  if (::inet_pton(AF_INET, terminated.data(), v4.bytes_.data()) == 1) return v4;
  Bytes v6{};
  if (::inet_pton(AF_INET6, terminated.data(), v6.data()) != 1) return {};
  return from_v6(v6);
}

std::optional<IpAddress> IpAddress::parse_forwarded(std::string_view entry) {
  if (const auto address = parse_with_zone(entry)) return address;
  const auto parts = split_host_port(entry);
  if (!parts || (parts->port && !text::parse_number<std::uint16_t>(*parts->port))) return {};
  return parse_with_zone(parts->host);
}

// The zone of a link-local address (RFC 4007) means something on the proxy only.
std::optional<IpAddress> IpAddress::parse_with_zone(std::string_view text) {
  const std::size_t percent = text.find('%');
  if (percent == std::string_view::npos) return parse(text);
  const std::string_view zone = text.substr(percent + 1);
  const auto is_zone = [](char c) {
    return text::is_alphanumeric(c) || c == '.' || c == '-' || c == '_';
  };
  if (zone.empty() || !text::all_of(zone, is_zone)) return {};
  const auto address = parse(text.substr(0, percent));
  return address && !address->is_v4() ? address : std::nullopt;
}

std::optional<IpAddress> IpAddress::from_socket(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    sockaddr_in v4;
    std::memcpy(&v4, &address, sizeof v4);
    IpAddress out;
    std::memcpy(out.bytes_.data(), &v4.sin_addr, sizeof v4.sin_addr);
    return out;
  }
  if (address.ss_family != AF_INET6) return {};
  sockaddr_in6 v6;
  std::memcpy(&v6, &address, sizeof v6);
  Bytes bytes;
  std::memcpy(bytes.data(), &v6.sin6_addr, bytes.size());
  return from_v6(bytes);
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
  IpAddress network = *this;
  if (!v4_) network.bytes_ = without_host_bits(bytes_, bits, 128);
  return network;
}

Result<Network> Network::parse(std::string_view text) {
  const std::size_t slash = text.find('/');
  const auto address = IpAddress::parse(text.substr(0, slash));
  Network network;
  network.base_ = address.value_or(IpAddress{});
  auto bits = slash == std::string_view::npos
                  ? network.width()
                  : text::parse_number<unsigned>(text.substr(slash + 1));
  // "::ffff:10.0.0.0/104" is 10.0.0.0/8: in this form the prefix counts from the front of IPv6.
  constexpr unsigned kMappedBits = 8 * kMappedPrefix.size();
  const bool is_mapped = address && address->v4_ && text.find(':') != std::string_view::npos;
  if (is_mapped && bits && slash != std::string_view::npos) {
    if (*bits < kMappedBits) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("'{}' has bits set after its prefix, which here is 96 bits longer "
                              "than that of IPv4; did you mean '{}{}'?",
                              text, address->to_string(), text.substr(slash)));
    }
    *bits -= kMappedBits;
  }
  if (!address || !bits || *bits > network.width()) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' is not a network: write \"10.0.0.0/8\" or \"fd00::/8\"", text));
  }
  network.bits_ = *bits;
  network.base_.bytes_ = without_host_bits(address->bytes_, *bits, network.width());
  if (network.base_ != *address) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' has bits set after its prefix; did you mean '{}'?", text,
                            network.to_string()));
  }
  return network;
}

bool Network::contains(const IpAddress& address) const {
  return address.v4_ == base_.v4_ &&
         without_host_bits(address.bytes_, bits_, width()) == base_.bytes_;
}

std::string Network::to_string() const {
  return fmt::format("{}/{}", base_.to_string(), bits_);
}

}  // namespace holdfast::net
