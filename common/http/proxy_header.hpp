// SPDX-License-Identifier: Apache-2.0
#pragma once

// The binary header with which a proxy opens a connection, to say for whom it does: version 2 of
// the PROXY protocol (https://www.haproxy.org/download/2.8/doc/proxy-protocol.txt, 2.2). The text
// form, version 1, is not accepted. Threads: pure.

#include "common/http/message.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace holdfast::http {

// Far more than any proxy sends: addresses, and a few hundred bytes of extensions (TLVs).
inline constexpr std::size_t kMaxProxyHeader = 4u << 10;

struct ProxyHeader {
  enum class State : std::uint8_t { NeedMore, Malformed, Complete };
  State state = State::NeedMore;
  std::size_t size = 0;  // of a complete one
  // For whom; unset if the proxy speaks for itself (LOCAL, as health checks do) or does not say
  // (UNSPEC, a Unix socket).
  std::optional<Peer> client;
};

// Reads the header at the beginning of `bytes`. Malformed as soon as it can be none, so that no
// other protocol is waited for.
ProxyHeader parse_proxy_header(std::string_view bytes);

}  // namespace holdfast::http
