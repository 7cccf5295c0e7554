// SPDX-License-Identifier: Apache-2.0
#include "common/worker/crash_handler.hpp"

#include "common/log/output.hpp"

#include <execinfo.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>

namespace holdfast::worker {

namespace {

constexpr std::array kFatal{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr int kMaxFrames = 64;

const char* name_of(int signal) {
  switch (signal) {
    case SIGSEGV: return "SIGSEGV";
    case SIGBUS: return "SIGBUS";
    case SIGFPE: return "SIGFPE";
    case SIGILL: return "SIGILL";
    case SIGABRT: return "SIGABRT";
    default: return "unknown";
  }
}

// Written by the main thread, read by the handler on any.
std::atomic<const log::WaitingLines*> waiting_lines{nullptr};

void write_waiting_lines() {
  const log::WaitingLines* const lines = waiting_lines.exchange(nullptr);
  if (lines == nullptr) return;
  const char* bytes = lines->bytes.get();
  std::size_t size = lines->size.load(std::memory_order_acquire);
  while (size > 0) {
    const ssize_t written = ::write(lines->fd, bytes, size);
    if (written <= 0) return;
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

void say(const char* text) {
  const ssize_t written = ::write(STDERR_FILENO, text, std::strlen(text));
  (void)written;  // nothing can be done about it here
}

extern "C" void holdfast_on_fatal_signal(int signal) {
  write_waiting_lines();
  say("fatal signal ");
  say(name_of(signal));
  say(", stack:\n");
  std::array<void*, kMaxFrames> frames;
  const int count = ::backtrace(frames.data(), kMaxFrames);
  // The first two frames are this function and the signal trampoline.
  const int skip = count > 2 ? 2 : 0;
  ::backtrace_symbols_fd(frames.data() + skip, count - skip, STDERR_FILENO);
  // SA_RESETHAND has restored the default action, which the signal now takes.
  ::raise(signal);
}

}  // namespace

void write_on_crash(const log::WaitingLines* lines) {
  waiting_lines = lines;
}

void install_crash_handler() {
  // A stack overflow leaves no stack to run on.
  static std::array<unsigned char, 64 * 1024> stack;
  stack_t alternate{};
  alternate.ss_sp = stack.data();
  alternate.ss_size = stack.size();
  ::sigaltstack(&alternate, nullptr);

  void* frame = nullptr;
  ::backtrace(&frame, 1);  // loads libgcc now: the handler must not allocate

  struct sigaction action {};
  action.sa_handler = holdfast_on_fatal_signal;
  action.sa_flags = SA_ONSTACK | static_cast<int>(SA_RESETHAND) | SA_NODEFER;
  ::sigemptyset(&action.sa_mask);
  for (const int signal : kFatal)
    ::sigaction(signal, &action, nullptr);
}

}  // namespace holdfast::worker
