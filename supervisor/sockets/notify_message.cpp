// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/notify_message.hpp"

#include "common/protocol/names.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>

namespace holdfast::supervisor::sockets {

namespace {

// A status is shown on terminals and in JSON, and its sender is not trusted.
std::string printable(std::string_view text) {
  std::string out;
  while (!text.empty() && out.size() < kMaxStatusBytes) {
    const std::size_t length = text::utf8_sequence(text);
    if (length == 0) {
      out.push_back('?');
    } else if (length == 1 && text::is_control(text.front())) {
      out.push_back(' ');
    } else if (out.size() + length <= kMaxStatusBytes) {
      out.append(text.substr(0, length));
    } else {
      break;
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

// Microseconds. A number that is too large for a Duration is as long as one can be.
std::optional<Duration> duration_of_usec(std::string_view text) {
  const auto usec = text::parse_number<std::uint64_t>(text);
  if (!usec) return std::nullopt;
  constexpr std::uint64_t kLongest = static_cast<std::uint64_t>(Duration::max().count()) / 1000;
  return Duration(static_cast<Duration::rep>(std::min(*usec, kLongest)) * 1000);
}

}  // namespace

std::optional<NotifyMessage> parse_notify(std::string_view datagram) {
  if (datagram.find('\0') != std::string_view::npos) return {};
  NotifyMessage message;
  bool any = false;
  while (!datagram.empty()) {
    // As systemd reads it: "READY=1\r\n" is what some languages' print() makes of it.
    const std::string_view line = datagram.substr(0, datagram.find_first_of("\n\r"));
    datagram.remove_prefix(std::min(datagram.size(), line.size() + 1));
    const std::size_t equals = line.find('=');
    if (equals == 0 || equals == std::string_view::npos) continue;
    any = true;
    const std::string_view key = line.substr(0, equals);
    const std::string_view value = line.substr(equals + 1);
    if (key == "READY") {
      message.ready |= value == "1";
    } else if (key == "STOPPING") {
      message.stopping |= value == "1";
    } else if (key == "WATCHDOG") {
      message.watchdog |= value == "1";
      message.watchdog_trigger |= value == "trigger";
    } else if (key == protocol::kDrainedKey) {
      message.drained |= value == "1";
    } else if (key == "EXTEND_TIMEOUT_USEC") {
      if (const auto extend = duration_of_usec(value)) message.extend = extend;
    } else if (key == "STATUS") {
      message.status = printable(value);
    }
  }
  if (!any) return {};
  return message;
}

}  // namespace holdfast::supervisor::sockets
