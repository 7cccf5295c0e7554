// SPDX-License-Identifier: Apache-2.0
#pragma once

// What one of Holdfast's workers printed when it crashed (common/worker/crash_handler.hpp), found
// among its last lines of output and made readable. The stacks contain nothing else of that output,
// so they can be shown where log lines may not; the exception's message may not. Pure functions.

#include "supervisor/state/crash_report.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor {

struct CrashStack {
  std::string signal;                     // "SIGSEGV"
  std::vector<std::string> frames;        // innermost first: "holdfast::api::read(int)+0x1c"
  std::vector<ThreadStack> threads = {};  // if it printed others: all of them, the one above first
};

// The last stack in these lines, oldest line first.
std::optional<CrashStack> stack_of(const std::vector<std::string>& lines);

struct UncaughtException {
  std::string type;     // "std::runtime_error"
  std::string message;  // with its nested causes: "cannot read; caused by std::system_error: …"
};
std::optional<UncaughtException> uncaught_exception_in(const std::vector<std::string>& lines);

// A line of backtrace_symbols(3), "MODULE(SYMBOL+0x1c)[0x7f…]", made readable: the name
// demangled, the address left out. For a function without a name, the module and the offset that
// addr2line(1) takes. Nothing if the line is not a frame.
std::optional<std::string> readable_frame(std::string_view line);

// Whether the handler printed it: a frame or a heading.
bool is_of_crash_handler(std::string_view line);

}  // namespace holdfast::supervisor
