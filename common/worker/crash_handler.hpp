// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a worker prints on standard error when it dies of SIGSEGV, SIGBUS, SIGFPE, SIGILL or
// SIGABRT, for its supervisor to read (supervisor/engine/crash_stack.hpp):
//
//   uncaught exception std::runtime_error: cannot read the index      only if there was one
//   caused by std::system_error: No such file or directory            its nested causes
//   fatal signal SIGABRT in thread store-writer 4712, stack:
//   /usr/bin/holdfast-api-worker(_ZN…+0x1c)[0x…]                       innermost first
//   …
//   thread holdfast-api-wo 4711, stack:                                the other threads
//   …
//
// The other threads are asked only if the signal came from another process, as the watchdog's
// SIGABRT does: nobody knows yet which of them hangs. Each has a moment to answer; one that does
// not is said to be silent. Then the signal's default action follows, so that the exit status and
// the core dump are the true ones.
//
// Threads: install once, from main, before other threads start. Others call prepare_thread()
// (common/os/thread.hpp). The handlers use write(2) and glibc's backtrace_symbols_fd, which is
// async-signal-safe once backtrace() has loaded its library (done by install_crash_handler).

#include <exception>
#include <string>
#include <vector>

namespace holdfast::log {
struct WaitingLines;
}

namespace holdfast::worker {

void install_crash_handler();

// Log lines that wait for the end of the loop's turn: the handler writes them first. Null: none.
void write_on_crash(const log::WaitingLines* lines);

// "std::runtime_error: cannot read the index", one for each nested cause, the outermost first.
// Control characters in what() are replaced: each is one line.
std::vector<std::string> describe_exception(const std::exception_ptr& exception);

}  // namespace holdfast::worker
