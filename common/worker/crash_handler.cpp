// SPDX-License-Identifier: Apache-2.0
#include "common/worker/crash_handler.hpp"

#include "common/log/output.hpp"
#include "common/os/thread.hpp"
#include "common/text/utf8.hpp"

#include <cxxabi.h>
#include <execinfo.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <memory>
#include <string_view>
#include <typeinfo>
#include <utility>

namespace holdfast::worker {

namespace {

constexpr std::array kFatal{SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT};
constexpr int kMaxFrames = 64;
constexpr int kMaxThreads = 64;
constexpr long kWaitForOne = 100;   // ms
constexpr long kWaitForAll = 2000;  // ms; the watchdog's grace is 5 s
constexpr std::size_t kMaxWhat = 2048;
constexpr int kMaxCauses = 8;

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

// ---- async-signal-safe -------------------------------------------------------------------------

void say(std::string_view text) {
  const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  (void)written;  // nothing can be done about it here
}

// A line put together without allocating, written at once so that no other thread's gets into it.
class Line {
 public:
  Line& operator<<(std::string_view text) {
    const std::size_t size = std::min(text.size(), bytes_.size() - size_);
    std::memcpy(bytes_.data() + size_, text.data(), size);
    size_ += size;
    return *this;
  }
  Line& operator<<(pid_t number) {
    std::array<char, 12> digits;
    std::size_t at = digits.size();
    do {
      digits[--at] = static_cast<char>('0' + number % 10);
      number /= 10;
    } while (number > 0);
    return *this << std::string_view(digits.data() + at, digits.size() - at);
  }
  std::string_view view() const { return {bytes_.data(), size_}; }
  void write() const { say(view()); }
  // With a terminating zero.
  const char* text() {
    bytes_[std::min(size_, bytes_.size() - 1)] = '\0';
    return bytes_.data();
  }

 private:
  std::array<char, 160> bytes_;
  std::size_t size_ = 0;
};

pid_t this_thread() {
  return static_cast<pid_t>(::syscall(SYS_gettid));
}

// "store-writer 4712"
void append_thread(Line& line, pid_t thread) {
  Line path;
  path << "/proc/self/task/" << thread << "/comm";
  std::array<char, 32> name;
  const int fd = ::open(path.text(), O_RDONLY | O_CLOEXEC);
  const ssize_t size = fd < 0 ? 0 : ::read(fd, name.data(), name.size());
  if (fd >= 0) ::close(fd);
  if (size > 1) line << std::string_view(name.data(), static_cast<std::size_t>(size - 1)) << " ";
  line << thread;
}

void sleep_a_moment() {
  const timespec millisecond{0, 1'000'000};
  ::nanosleep(&millisecond, nullptr);
}

long milliseconds_now() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1000 + now.tv_nsec / 1'000'000;
}

// Written by the main thread, read by the handler on any.
std::atomic<const log::WaitingLines*> waiting_lines{nullptr};

void write_waiting_lines() {
  const log::WaitingLines* const lines = waiting_lines.exchange(nullptr);
  if (lines == nullptr) return;
  // Another thread that writes them needs a moment. If this one did when the signal came, it may be
  // that some are written twice.
  const long until = milliseconds_now() + kWaitForOne;
  while (!lines->take() && !lines->is_taken_by_this_thread() && milliseconds_now() < until)
    sleep_a_moment();
  const char* bytes = lines->bytes.get();
  std::size_t size = lines->size.load(std::memory_order_acquire);
  while (size > 0) {
    const ssize_t written = ::write(lines->fd, bytes, size);
    if (written <= 0) return;
    bytes += written;
    size -= static_cast<std::size_t>(written);
  }
}

// Where a signal has interrupted the thread; null on processors that we do not know.
const void* interrupted_at(const void* context) {
  const auto& machine = static_cast<const ucontext_t*>(context)->uc_mcontext;
#if defined(__x86_64__)
  return reinterpret_cast<const void*>(machine.gregs[REG_RIP]);
#elif defined(__aarch64__)
  return reinterpret_cast<const void*>(machine.pc);
#else
  (void)machine;
  return nullptr;
#endif
}

struct Stack {
  std::array<void*, kMaxFrames> frames{};
  int count = 0;
  int first = 0;

  // Of the calling thread, without the frames of the handler that calls this.
  void capture(const void* context) {
    count = ::backtrace(frames.data(), kMaxFrames);
    const void* const place = interrupted_at(context);
    for (first = 0; first < count && frames[static_cast<std::size_t>(first)] != place;)
      ++first;
    if (first == count) first = 0;
  }
  void print() const {
    ::backtrace_symbols_fd(frames.data() + first, count - first, STDERR_FILENO);
  }
};

// The question to one thread, and its answer. It goes Idle -> Asked -> Answering -> Answered, and
// from Asked back to Idle by the asker alone: a thread that comes too late finds nothing to do.
struct Question {
  enum State : int { Idle, Asked, Answering, Answered };
  std::atomic<int> state{Idle};
  std::atomic<pid_t> thread{0};
  Stack stack;
};
Question question;

extern "C" void holdfast_on_stack_signal(int, siginfo_t*, void* context) {
  const int error = errno;
  int expected = Question::Asked;
  if (question.thread.load() == this_thread() &&
      question.state.compare_exchange_strong(expected, Question::Answering)) {
    question.stack.capture(context);
    question.state.store(Question::Answered);
  }
  errno = error;
}

enum class Answer {
  Printed,
  Silent,
  Gone,
  Stuck,  // it has begun to answer and does not end: nobody else can be asked
};

// Prints HEADING NAME, and the stack of the thread.
Answer ask(pid_t thread, std::string_view heading) {
  question.thread = thread;
  question.state = Question::Asked;
  Line line;
  line << heading;
  append_thread(line, thread);
  if (::syscall(SYS_tgkill, ::getpid(), thread, stack_signal()) != 0) {
    question.state = Question::Idle;
    return Answer::Gone;
  }
  const long until = milliseconds_now() + kWaitForOne;
  while (question.state.load() != Question::Answered && milliseconds_now() < until)
    sleep_a_moment();
  int expected = Question::Asked;
  if (question.state.compare_exchange_strong(expected, Question::Idle)) return Answer::Silent;
  if (question.state.load() != Question::Answered) return Answer::Stuck;
  line << ", stack:\n";
  line.write();
  question.stack.print();
  return Answer::Printed;
}

void say_silent(pid_t thread) {
  Line line;
  line << "thread ";
  append_thread(line, thread);
  line << " is silent\n";
  line.write();
}

struct DirectoryEntry {
  std::uint64_t inode;
  std::int64_t offset;
  unsigned short size;
  unsigned char type;
  char name[1];  // NOLINT(modernize-avoid-c-arrays): the kernel's, and longer
};

pid_t number_of(const char* name) {
  pid_t number = 0;
  for (; *name >= '0' && *name <= '9'; ++name)
    number = number * 10 + (*name - '0');
  return *name == '\0' ? number : 0;
}

// All threads of this process; returns how many. readdir(3) would allocate.
int list_threads(std::array<pid_t, kMaxThreads>& threads) {
  const int fd = ::open("/proc/self/task", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return 0;
  alignas(DirectoryEntry) std::array<char, 4096> buffer;
  int count = 0;
  for (;;) {
    const long size = ::syscall(SYS_getdents64, fd, buffer.data(), buffer.size());
    if (size <= 0) break;
    for (long at = 0; at < size && count < kMaxThreads;) {
      const auto* const entry = reinterpret_cast<const DirectoryEntry*>(buffer.data() + at);
      const pid_t thread = number_of(entry->name);
      if (thread > 0) threads[static_cast<std::size_t>(count++)] = thread;
      at += entry->size;
    }
  }
  ::close(fd);
  return count;
}

void print_own_stack(std::string_view heading, const Stack& own) {
  Line line;
  line << heading;
  append_thread(line, this_thread());
  line << ", stack:\n";
  line.write();
  own.print();
}

void print_threads_but(pid_t done) {
  std::array<pid_t, kMaxThreads> threads;
  const int count = list_threads(threads);
  const long until = milliseconds_now() + kWaitForAll;
  for (int i = 0; i < count && milliseconds_now() < until; ++i) {
    const pid_t thread = threads[static_cast<std::size_t>(i)];
    if (thread == done || thread == this_thread()) continue;
    const Answer answer = ask(thread, "thread ");
    if (answer == Answer::Silent) say_silent(thread);
    if (answer == Answer::Stuck) return;
  }
}

// The kernel may give the signal to any thread; the first one runs the loop that the watchdog hears
// from, so its stack is the first.
void print_all_threads(std::string_view heading, const Stack& own) {
  const pid_t first = ::getpid();
  const Answer answer = first == this_thread() ? Answer::Gone : ask(first, heading);
  const bool printed = answer == Answer::Printed;
  print_own_stack(printed ? "thread " : heading, own);
  if (answer == Answer::Silent) say_silent(first);
  if (answer != Answer::Stuck) print_threads_but(first);
}

void die_of(int signal) {
  struct sigaction action {};
  action.sa_handler = SIG_DFL;
  ::sigemptyset(&action.sa_mask);
  ::sigaction(signal, &action, nullptr);
  ::raise(signal);
}

std::atomic<pid_t> dying{0};  // the thread that prints

extern "C" void holdfast_on_fatal_signal(int signal, siginfo_t* info, void* context) {
  pid_t first = 0;
  if (!dying.compare_exchange_strong(first, this_thread())) {
    if (first == this_thread()) die_of(signal);  // the handler itself has failed
    for (;;)
      ::pause();  // another thread prints, and ends the process
  }
  write_waiting_lines();
  Stack own;
  own.capture(context);
  Line heading;
  heading << "fatal signal " << name_of(signal) << " in thread ";
  const bool from_outside = info->si_code == SI_USER && info->si_pid != ::getpid();
  if (signal == SIGABRT && from_outside) {
    print_all_threads(heading.view(), own);
  } else {
    print_own_stack(heading.view(), own);
  }
  die_of(signal);
}

// ---- not async-signal-safe, nor need it be -----------------------------------------------------

std::string plain_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> plain(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  return status == 0 && plain ? plain.get() : type.name();
}

std::string one_line(std::string_view text) {
  std::string line(text::truncate_utf8(text, kMaxWhat));
  std::replace_if(
      line.begin(), line.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, ' ');
  return line;
}

[[noreturn]] void on_terminate() {
  static std::atomic_flag entered = ATOMIC_FLAG_INIT;
  if (!entered.test_and_set()) {
    write_waiting_lines();
    try {
      std::string text;
      for (const std::string& cause : describe_exception(std::current_exception()))
        text += fmt::format("{} {}\n", text.empty() ? "uncaught exception" : "caused by", cause);
      say(text.empty() ? "uncaught exception std::terminate: called without an exception\n" : text);
    } catch (...) {  // no memory: the stack has to do
    }
  }
  std::abort();
}

}  // namespace

std::vector<std::string> describe_exception(const std::exception_ptr& exception) {
  std::vector<std::string> causes;
  std::exception_ptr next = exception;
  while (next && causes.size() < kMaxCauses) {
    const std::exception_ptr current = std::exchange(next, nullptr);
    try {
      std::rethrow_exception(current);
    } catch (const std::exception& error) {
      causes.push_back(fmt::format("{}: {}", plain_name(typeid(error)), one_line(error.what())));
      if (const auto* nested = dynamic_cast<const std::nested_exception*>(&error))
        next = nested->nested_ptr();
    } catch (const std::string& text) {
      causes.push_back("std::string: " + one_line(text));
    } catch (const char* text) {
      causes.push_back("char const*: " + one_line(text == nullptr ? "" : text));
    } catch (...) {
      const std::type_info* const type = abi::__cxa_current_exception_type();
      causes.push_back(type == nullptr ? "of an unknown type" : plain_name(*type));
    }
  }
  return causes;
}

void write_on_crash(const log::WaitingLines* lines) {
  waiting_lines = lines;
}

void install_crash_handler() {
  prepare_main_thread();
  void* frame = nullptr;
  ::backtrace(&frame, 1);  // loads libgcc now: the handler must not allocate

  struct sigaction action {};
  action.sa_sigaction = holdfast_on_fatal_signal;
  action.sa_flags = SA_ONSTACK | SA_SIGINFO | SA_NODEFER;
  ::sigemptyset(&action.sa_mask);
  for (const int signal : kFatal)
    ::sigaction(signal, &action, nullptr);

  struct sigaction on_stack {};
  on_stack.sa_sigaction = holdfast_on_stack_signal;
  on_stack.sa_flags = SA_ONSTACK | SA_SIGINFO | SA_RESTART;
  ::sigemptyset(&on_stack.sa_mask);
  ::sigaction(stack_signal(), &on_stack, nullptr);

  std::set_terminate(on_terminate);
}

}  // namespace holdfast::worker
