// SPDX-License-Identifier: Apache-2.0
#pragma once

// Signals by name: "HUP", "SIGHUP", "hup", "1", "RTMIN+3". Threads: any.

#include "common/base/result.hpp"

#include <string>
#include <string_view>

namespace holdfast::os {

// The number of a signal of this system; the error says what is accepted.
Result<int> parse_signal(std::string_view text);

// "HUP"; "RTMIN+3" for a real-time signal, and the number of one that has no name.
std::string signal_name(int signal);

}  // namespace holdfast::os
