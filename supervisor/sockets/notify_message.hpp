// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a worker sends with sd_notify(3): "KEY=value" lines in one datagram. Unknown keys (MAINPID,
// FDSTORE, …) are ignored, as the protocol requires. HOLDFAST_DRAINED=1 is our own: the worker has
// finished its work and may be scraped for the last time before it exits.
//
// Threads: pure functions.

#include "common/base/clock.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::supervisor::sockets {

inline constexpr std::size_t kMaxNotifyBytes = 4096;  // systemd's limit too
inline constexpr std::size_t kMaxStatusBytes = 512;

struct NotifyMessage {
  bool ready = false;
  bool stopping = false;
  bool watchdog = false;          // WATCHDOG=1: alive
  bool watchdog_trigger = false;  // WATCHDOG=trigger: act as if it had hung
  bool drained = false;
  std::optional<Duration> extend;     // EXTEND_TIMEOUT_USEC
  std::optional<std::string> status;  // printable UTF-8, at most kMaxStatusBytes
};

// Returns nullopt if it is not a message of this protocol: a NUL byte in it, or no "KEY=value"
// line.
std::optional<NotifyMessage> parse_notify(std::string_view datagram);

}  // namespace holdfast::supervisor::sockets
