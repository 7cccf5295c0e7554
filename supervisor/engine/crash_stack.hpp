// SPDX-License-Identifier: Apache-2.0
#pragma once

// The stack that a worker printed when it crashed (common/worker/crash_handler.hpp), found among
// its last lines of output and made readable. It contains nothing else of that output, so it can be
// shown where log lines may not. Pure functions.

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor {

struct CrashStack {
  std::string signal;               // "SIGSEGV"
  std::vector<std::string> frames;  // innermost first: "holdfast::api::read(int)+0x1c"
};

// The last stack in these lines, oldest line first.
std::optional<CrashStack> stack_of(const std::vector<std::string>& lines);

// A line of backtrace_symbols(3), "MODULE(SYMBOL+0x1c)[0x7f…]", made readable: the name
// demangled, the address left out. For a function without a name, the module and the offset that
// addr2line(1) takes. Nothing if the line is not a frame.
std::optional<std::string> readable_frame(std::string_view line);

}  // namespace holdfast::supervisor
