// SPDX-License-Identifier: Apache-2.0
#include "common/os/signal_name.hpp"

#include "common/text/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <optional>

namespace holdfast::os {

namespace {

// "RTMIN", "RTMIN+3", "RTMAX", "RTMAX-2".
std::optional<int> real_time_signal(std::string_view name) {
  const bool from_first = name.starts_with("RTMIN");
  if (!from_first && !name.starts_with("RTMAX")) return std::nullopt;
  const int base = from_first ? SIGRTMIN : SIGRTMAX;
  const std::string_view rest = name.substr(5);
  if (rest.empty()) return base;
  if (rest.front() != (from_first ? '+' : '-')) return std::nullopt;
  const auto offset = text::parse_number<int>(rest.substr(1));
  if (!offset || *offset < 0 || *offset > SIGRTMAX - SIGRTMIN) return std::nullopt;
  return from_first ? base + *offset : base - *offset;
}

std::optional<int> named_signal(std::string_view name) {
  for (int signal = 1; signal < SIGRTMIN; ++signal) {
    const char* const known = sigabbrev_np(signal);
    if (known != nullptr && name == known) return signal;
  }
  return real_time_signal(name);
}

}  // namespace

Result<int> parse_signal(std::string_view text) {
  if (const auto number = text::parse_number<int>(text)) {
    const bool exists = (*number >= 1 && *number <= SIGRTMAX) &&
                        (*number >= SIGRTMIN || sigabbrev_np(*number) != nullptr);
    if (exists) return *number;
  }
  std::string name(text);
  std::transform(name.begin(), name.end(), name.begin(), [](char c) {
    return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  });
  const std::string_view bare =
      name.starts_with("SIG") ? std::string_view(name).substr(3) : std::string_view(name);
  if (const auto signal = named_signal(bare)) return *signal;
  return fail(ErrorKind::InvalidArgument,
              fmt::format("'{}' is not a signal; use a name such as HUP, USR1 or RTMIN+3, or a "
                          "number from 1 to {}",
                          text, SIGRTMAX));
}

std::string signal_name(int signal) {
  const char* const name = sigabbrev_np(signal);
  if (name != nullptr) return name;
  if (signal == SIGRTMIN) return "RTMIN";
  if (signal > SIGRTMIN && signal <= SIGRTMAX) return fmt::format("RTMIN+{}", signal - SIGRTMIN);
  return fmt::format("{}", signal);
}

}  // namespace holdfast::os
