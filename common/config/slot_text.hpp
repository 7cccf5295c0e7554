// SPDX-License-Identifier: Apache-2.0
#pragma once

// What differs from one worker of a program to the next: {slot}, {name} and {port} in its command,
// environment, ready, health, log_file and metrics. {slot} counts from 0, {name} is the worker's,
// "web.0", and {port} is `port` + slot. After a '$' or another '{' the braces belong to somebody
// else (a shell, a template) and stay; so do all other braces.
//
// Threads: pure functions.

#include "common/config/config.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast::config {

inline constexpr std::uint32_t kMaxPort = 65'535;

struct SlotNames {
  std::string name;
  std::uint32_t slot = 0;
  std::uint32_t port = 0;
};

std::string expand_slot_names(std::string_view text, const SlotNames& names);
// `placeholder`: "{port}", with its braces.
bool contains_slot_name(std::string_view text, std::string_view placeholder);
bool contains_slot_names(std::string_view text);

// The program as the worker of this slot is started.
Program for_slot(Program program, std::uint32_t slot);

}  // namespace holdfast::config
