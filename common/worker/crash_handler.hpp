// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a worker prints when it dies of SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT (the watchdog's
// signal): a line with the signal's name, then the stack, on standard error, where the supervisor
// reads it. Then the signal's default action follows, so that the exit status is the true one.
//
// Threads: install once, from main, before other threads start. The handler uses write(2) and
// glibc's backtrace_symbols_fd, which is async-signal-safe once backtrace() has loaded its library
// (done by install_crash_handler).

namespace holdfast::log {
struct WaitingLines;
}

namespace holdfast::worker {

void install_crash_handler();

// Log lines that wait for the end of the loop's turn: the handler writes them first. Null: none.
void write_on_crash(const log::WaitingLines* lines);

}  // namespace holdfast::worker
