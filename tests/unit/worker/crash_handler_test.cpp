// SPDX-License-Identifier: Apache-2.0
// What a process with the crash handler prints when it dies, read as the supervisor reads it.
#include "common/worker/crash_handler.hpp"

#include "common/os/thread.hpp"
#include "supervisor/engine/crash_stack.hpp"
#include "tests/support/catch.hpp"

#include <poll.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <functional>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <thread>

using namespace holdfast;
using namespace holdfast::supervisor;

TEST_CASE("an exception is described by its type and message, with its causes, each on one line") {
  std::exception_ptr exception;
  try {
    try {
      try {
        throw std::system_error(ENOENT, std::generic_category(), "open\nthe index");
      } catch (...) {
        std::throw_with_nested(std::logic_error("read\tit"));
      }
    } catch (...) {
      std::throw_with_nested(std::runtime_error("answer"));
    }
  } catch (...) {
    exception = std::current_exception();
  }
  const auto causes = worker::describe_exception(exception);
  REQUIRE(causes.size() == 3);
  CHECK_THAT(causes[0], Catch::Contains("std::runtime_error") && Catch::EndsWith(": answer"));
  CHECK_THAT(causes[1], Catch::Contains("std::logic_error") && Catch::EndsWith(": read it"));
  CHECK_THAT(causes[2], Catch::Contains("std::system_error") &&
                            Catch::Contains("open the index: No such file or directory"));
}

TEST_CASE("what is no std::exception is described as well") {
  using Strings = std::vector<std::string>;
  CHECK(worker::describe_exception(std::make_exception_ptr(7)) == Strings{"int"});
  CHECK(worker::describe_exception(std::make_exception_ptr("text")) ==
        Strings{"char const*: text"});
  CHECK(worker::describe_exception(std::make_exception_ptr(std::string("text"))) ==
        Strings{"std::string: text"});
  CHECK(worker::describe_exception(nullptr).empty());
  const auto longest = worker::describe_exception(
      std::make_exception_ptr(std::runtime_error(std::string(9000, 'x'))));
  CHECK(longest[0].size() < 2200);
}

// Not under a sanitizer: its own handlers come first.
#ifndef HOLDFAST_SANITIZED

namespace {

struct Death {
  int status = 0;
  std::vector<std::string> lines;

  bool by(int signal) const { return WIFSIGNALED(status) && WTERMSIG(status) == signal; }
  std::string text() const {
    std::string all;
    for (const std::string& line : lines)
      all += line + "\n";
    return all;
  }
};

// Runs `work` in a child of its own, and `once_it_says` when it has written a first line.
Death death_of(const std::function<void()>& work,
               const std::function<void(pid_t)>& once_it_says = {}) {
  int pipe[2] = {-1, -1};
  REQUIRE(::pipe(pipe) == 0);
  const pid_t child = ::fork();  // not executed: it runs code of this program
  if (child == 0) {
    const rlimit no_core{0, 0};
    ::setrlimit(RLIMIT_CORE, &no_core);
    ::dup2(pipe[1], STDERR_FILENO);
    ::close(pipe[0]);
    ::close(pipe[1]);
    worker::install_crash_handler();
    work();
    ::_exit(0);
  }
  ::close(pipe[1]);
  std::string text;
  char buffer[4096];
  for (;;) {
    const ssize_t count = ::read(pipe[0], buffer, sizeof buffer);
    if (count <= 0) break;
    if (text.empty() && once_it_says) once_it_says(child);
    text.append(buffer, static_cast<std::size_t>(count));
  }
  ::close(pipe[0]);
  Death death;
  REQUIRE(::waitpid(child, &death.status, 0) == child);
  std::istringstream lines(text);
  for (std::string line; std::getline(lines, line);)
    death.lines.push_back(line);
  return death;
}

// Its frames are large, and the compiler can neither drop them nor turn them into a loop.
int overflow_the_stack(int depth) {
  volatile char room[4096];
  room[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : overflow_the_stack(depth + 1) + room[0];
}

void say_ready() {
  REQUIRE(::write(STDERR_FILENO, "ready\n", 6) == 6);
}

}  // namespace

// Of this namespace's own, so that the stack names it.
[[gnu::noinline]] void throw_for_the_test() {
  try {
    throw std::logic_error("inner");
  } catch (...) {
    std::throw_with_nested(std::runtime_error("outer"));
  }
}

TEST_CASE("an uncaught exception: its type, message and cause, then the stack, then SIGABRT") {
  const Death death = death_of([] { std::thread(throw_for_the_test).join(); });
  INFO(death.text());
  CHECK(death.by(SIGABRT));
  const auto exception = uncaught_exception_in(death.lines);
  REQUIRE(exception);
  CHECK_THAT(exception->type, Catch::Contains("std::runtime_error"));
  CHECK(exception->message == "outer; caused by std::logic_error: inner");
  const auto stack = stack_of(death.lines);
  REQUIRE(stack);
  CHECK(stack->signal == "SIGABRT");
  CHECK(stack->threads.empty());  // it knows which of them it was
}

TEST_CASE("std::terminate without an exception is told as well") {
  const Death death = death_of([] { std::terminate(); });
  INFO(death.text());
  CHECK(death.by(SIGABRT));
  const auto exception = uncaught_exception_in(death.lines);
  REQUIRE(exception);
  CHECK(exception->type == "std::terminate");
}

TEST_CASE("a stack overflow prints a stack, on the main thread and on others") {
  const bool other = GENERATE(false, true);
  INFO(other);
  const Death death = death_of([&] {
    if (!other) ::_exit(overflow_the_stack(0));
    std::thread([] {
      prepare_thread("deep");
      ::_exit(overflow_the_stack(0));
    }).join();
  });
  INFO(death.text().substr(0, 2000));
  CHECK(death.by(SIGSEGV));
  const auto stack = stack_of(death.lines);
  REQUIRE(stack);
  CHECK(stack->signal == "SIGSEGV");
  CHECK(stack->frames.size() > 3);
  CHECK_THAT(death.text(), Catch::Contains(other ? "in thread deep " : "in thread "));
}

TEST_CASE("the watchdog's SIGABRT prints the stacks of all threads, blocked and busy ones too") {
  const Death death = death_of(
      [] {
        std::mutex held;
        held.lock();
        std::atomic<int> started{0};
        std::thread blocked([&] {
          prepare_thread("blocked");
          ++started;
          held.lock();
        });
        std::thread busy([&] {
          prepare_thread("busy");
          ++started;
          for (std::atomic<std::uint64_t> spins{0};;)
            ++spins;
        });
        sigset_t all;
        ::sigfillset(&all);
        std::thread deaf([&] {
          ::pthread_setname_np(::pthread_self(), "deaf");
          ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
          ++started;
          for (;;)
            ::pause();
        });
        while (started < 3)
          std::this_thread::yield();
        say_ready();
        for (;;)
          ::pause();
      },
      [](pid_t child) { ::kill(child, SIGABRT); });
  INFO(death.text());
  CHECK(death.by(SIGABRT));
  const auto stack = stack_of(death.lines);
  REQUIRE(stack);
  REQUIRE(stack->threads.size() == 4);
  const auto of = [&](const std::string& name) {
    return *std::find_if(stack->threads.begin(), stack->threads.end(),
                         [&](const ThreadStack& one) { return one.thread.starts_with(name); });
  };
  CHECK(stack->threads[0].frames == stack->frames);
  CHECK_FALSE(of("blocked ").frames.empty());
  CHECK_FALSE(of("busy ").frames.empty());
  CHECK_THAT(of("deaf ").thread, Catch::EndsWith(" is silent"));  // and the others are not lost
}

TEST_CASE("a crash in one thread while another one crashes is told once, and ends the process") {
  const Death death = death_of([] {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([] {
        prepare_thread("crashing");
        ::raise(SIGSEGV);
      });
    for (std::thread& thread : threads)
      thread.join();
  });
  INFO(death.text());
  CHECK(death.by(SIGSEGV));
  const auto headings =
      std::count_if(death.lines.begin(), death.lines.end(),
                    [](const std::string& line) { return line.starts_with("fatal signal "); });
  CHECK(headings == 1);
}

#endif
