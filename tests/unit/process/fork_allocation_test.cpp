// SPDX-License-Identifier: Apache-2.0
// fork in a threaded process: another thread may hold malloc's lock at that moment, so between fork
// and exec nothing may be allocated or freed. Here malloc itself watches.
#include "supervisor/process/launcher.hpp"
#include "tests/unit/process/fixture.hpp"

#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;

namespace {

std::atomic<bool> watching{false};
volatile bool in_child = false;

#ifdef HOLDFAST_SANITIZED
constexpr bool kWatched =
    false;  // malloc is the sanitizer's own; its locks are tested all the same
#else
constexpr bool kWatched = true;

void check() {
  if (!in_child) return;
  constexpr char kText[] = "memory was asked for between fork and exec\n";
  (void)!::write(2, kText, sizeof kText - 1);
  ::signal(SIGABRT, SIG_DFL);
  ::raise(SIGABRT);
  ::_exit(99);
}
#endif

void forked() {
  in_child = watching;
}

}  // namespace

#ifndef HOLDFAST_SANITIZED
extern "C" {
void* __libc_malloc(std::size_t);
void* __libc_calloc(std::size_t, std::size_t);
void* __libc_realloc(void*, std::size_t);
void __libc_free(void*);

void* malloc(std::size_t size) {
  check();
  return __libc_malloc(size);
}
void* calloc(std::size_t count, std::size_t size) {
  check();
  return __libc_calloc(count, size);
}
void* realloc(void* old, std::size_t size) {
  check();
  return __libc_realloc(old, size);
}
void free(void* memory) {
  if (memory != nullptr) check();
  __libc_free(memory);
}
}
#endif

TEST_CASE("fork in a threaded process: nothing is allocated before the exec, with 8 busy threads") {
  static const bool registered = ::pthread_atfork(nullptr, nullptr, forked) == 0;
  REQUIRE(registered);
  std::atomic<bool> stop{false};
  std::vector<std::thread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&stop, i] {
      std::size_t size = 1;
      while (!stop) {
        const std::string text(size = size * 7 % 100'003 + 1, static_cast<char>('a' + i));
        if (text.size() != size) std::abort();
      }
    });
  }
  const TempDir directory;
  Launcher launcher;
  int clean = 0;
  for (int i = 0; i < 50; ++i) {
    LaunchSpec spec = misbehaving({"--exit", "0"});
    spec.directory = directory.path();
    spec.umask = 077;
    spec.limits = {{RLIMIT_NOFILE, 64}};
    if (is_root()) spec.identity = Identity{0, 0, {0}};
    spec.envp = {"LISTEN_PID=", "A=b"};
    watching = true;
    auto launched = launcher.launch(spec);
    watching = false;
    REQUIRE(launched);
    const auto status = wait_for(*launched);
    clean += !status.signaled && status.value == 0 ? 1 : 0;
  }
  // A failed exec takes the other way out, and may not allocate either.
  LaunchSpec missing = misbehaving({});
  missing.executable = "/nonexistent/program";
  watching = true;
  auto failed = launcher.launch(missing);
  watching = false;
  REQUIRE_FALSE(failed);
  REQUIRE(describe(failed.error()) == "exec: No such file or directory");
  REQUIRE(clean == 50);

  // The watch itself watches: a child that allocates is aborted.
  if (kWatched) {
    watching = true;
    const pid_t pid = ::fork();
    if (pid == 0) {
      ::close(2);
      void* volatile memory = std::malloc(10);
      std::free(memory);
      ::_exit(0);
    }
    watching = false;
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    REQUIRE(WIFSIGNALED(status));
    REQUIRE(WTERMSIG(status) == SIGABRT);
  }
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
}
