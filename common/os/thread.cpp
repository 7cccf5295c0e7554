// SPDX-License-Identifier: Apache-2.0
#include "common/os/thread.hpp"

#include <pthread.h>
#include <sys/mman.h>

#include <csignal>
#include <initializer_list>

namespace holdfast {

namespace {

constexpr std::size_t kHandlerStack = 64 * 1024;  // unwinding takes a few KiB of it

// Mapped, so that only what a handler touches is ever real memory.
class HandlerStack {
 public:
  void set_up() {
    stack_t before{};
    // A sanitizer has one of its own for each thread, and takes it back when the thread ends.
    if (::sigaltstack(nullptr, &before) != 0 || (before.ss_flags & SS_DISABLE) == 0) return;
    void* const pages = ::mmap(nullptr, kHandlerStack, PROT_READ | PROT_WRITE,
                               MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
    if (pages == MAP_FAILED) return;
    stack_t own{};
    own.ss_sp = pages;
    own.ss_size = kHandlerStack;
    if (::sigaltstack(&own, nullptr) == 0) {
      pages_ = pages;
    } else {
      ::munmap(pages, kHandlerStack);
    }
  }

  ~HandlerStack() {
    if (pages_ == nullptr) return;
    stack_t off{};
    off.ss_flags = SS_DISABLE;
    ::sigaltstack(&off, nullptr);
    ::munmap(pages_, kHandlerStack);
  }

 private:
  void* pages_ = nullptr;
};

struct Prepared {
  bool done = false;
  HandlerStack stack;
};
thread_local Prepared prepared;

}  // namespace

int stack_signal() {
  return SIGRTMIN + 7;
}

void prepare_main_thread() {
  if (prepared.done) return;
  prepared.done = true;
  prepared.stack.set_up();
  sigset_t wanted;
  ::sigemptyset(&wanted);
  for (const int signal : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, stack_signal()})
    ::sigaddset(&wanted, signal);
  ::pthread_sigmask(SIG_UNBLOCK, &wanted, nullptr);
}

void prepare_thread(const char* name) {
  if (prepared.done) return;
  ::pthread_setname_np(::pthread_self(), name);
  prepare_main_thread();
}

}  // namespace holdfast
