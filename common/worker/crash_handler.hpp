// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a worker says when it dies of SIGSEGV, SIGBUS, SIGFPE, SIGILL or SIGABRT (the watchdog's
// signal): one line naming the signal, then the stack, on standard error, where the supervisor
// picks it up. Then the signal takes its default course, so that the exit status stays true.
//
// Threads: install once, from main, before others start. The handler uses write(2) and glibc's
// backtrace_symbols_fd, which is safe once backtrace() has loaded its library (done at install).

namespace holdfast::log {
struct WaitingLines;
}

namespace holdfast::worker {

void install_crash_handler();

// Log lines that wait for the end of a turn: the handler writes them first. Null: none any more.
void write_on_crash(const log::WaitingLines* lines);

}  // namespace holdfast::worker
