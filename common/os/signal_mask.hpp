// SPDX-License-Identifier: Apache-2.0
#pragma once

// The calling thread's signal mask.
//
// Threads: each call and each object concerns the thread that makes it. A new thread and a new
// process start with the mask of the thread that creates them.

#include <pthread.h>
#include <signal.h>

#include <utility>

namespace holdfast {

inline sigset_t all_signals() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  return all;
}

// For good. Async-signal-safe, so it may be called between fork and exec.
inline void block_all_signals() noexcept {
  const sigset_t all = all_signals();
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
}

// Blocks all signals for the lifetime of the object, then restores the former mask. A thread that
// is created meanwhile never handles a signal: signals are left to the threads that expect them.
class SignalsBlocked {
 public:
  SignalsBlocked() noexcept {
    const sigset_t all = all_signals();
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// Puts Ctrl-Z (SIGTSTP) off for the lifetime of the object, as far as this thread is concerned: for
// who holds what others wait for. Destroyed by the thread that made it.
class TerminalStopDeferred {
 public:
  TerminalStopDeferred() noexcept {
    sigset_t stop;
    ::sigemptyset(&stop);
    ::sigaddset(&stop, SIGTSTP);
    sigset_t before;
    ::pthread_sigmask(SIG_BLOCK, &stop, &before);
    is_ours_ = ::sigismember(&before, SIGTSTP) == 0;
  }
  TerminalStopDeferred(TerminalStopDeferred&& other) noexcept
      : is_ours_(std::exchange(other.is_ours_, false)) {}
  TerminalStopDeferred& operator=(TerminalStopDeferred&&) = delete;
  ~TerminalStopDeferred() {
    if (!is_ours_) return;
    sigset_t stop;
    ::sigemptyset(&stop);
    ::sigaddset(&stop, SIGTSTP);
    ::pthread_sigmask(SIG_UNBLOCK, &stop, nullptr);
  }

 private:
  bool is_ours_ = false;  // it was not blocked before
};

}  // namespace holdfast
