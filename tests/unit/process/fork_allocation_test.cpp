// SPDX-License-Identifier: Apache-2.0
// fork in a threaded process: another thread may hold malloc's lock at that moment, so between fork
// and exec nothing may be allocated or freed. Here malloc itself watches.
#include "supervisor/process/launcher.hpp"
#include "tests/support/launched.hpp"

#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cstdlib>
#include <cstring>
#include <thread>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;

namespace {

// The process that launches while it is watched; 0: nobody watches.
std::atomic<pid_t> owner{0};

#ifndef HOLDFAST_SANITIZED  // else malloc is the sanitizer's own, and its locks are tested
constexpr int kCaught = 99;

// The child may share our memory, and with it every record of who it is but the kernel's.
void check() {
  const pid_t expected = owner;
  if (expected == 0 || ::syscall(SYS_getpid) == expected) return;
  constexpr char kText[] = "memory was asked for between fork and exec\n";
  (void)!::write(2, kText, sizeof kText - 1);
  ::_exit(kCaught);
}
#endif

class Watching {
 public:
  Watching() { owner = ::getpid(); }
  ~Watching() { owner = 0; }
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;
};

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
    spec.limits = {{RLIMIT_NOFILE, 64, 64}};
    // Every second one in a copy of our memory, as another user is launched, if we may.
    if (i % 2 == 0 && is_root()) spec.identity = Identity{0, 0, {0}};
    spec.envp = {"LISTEN_PID=", "A=b"};
    tl::expected<Launched, LaunchError> launched;
    {
      const Watching watching;
      launched = launcher.launch(spec);
    }
    REQUIRE(launched);
    const auto status = wait_for(*launched);
    clean += !status.signaled && status.value == 0 ? 1 : 0;
  }
  // A failed exec takes the other way out, and may not allocate either.
  LaunchSpec missing = misbehaving({});
  missing.executable = "/nonexistent/program";
  tl::expected<Launched, LaunchError> failed;
  {
    const Watching watching;
    failed = launcher.launch(missing);
  }
  REQUIRE_FALSE(failed);
  REQUIRE(describe(failed.error()) == "exec: No such file or directory");
  REQUIRE(clean == 50);

#ifndef HOLDFAST_SANITIZED
  // The watch itself watches: a child that allocates is caught.
  pid_t pid = -1;
  {
    const Watching watching;
    pid = ::fork();
    if (pid == 0) {
      ::close(2);
      void* volatile memory = std::malloc(10);
      std::free(memory);
      ::_exit(0);
    }
  }
  int status = 0;
  REQUIRE(::waitpid(pid, &status, 0) == pid);
  REQUIRE(WIFEXITED(status));
  REQUIRE(WEXITSTATUS(status) == kCaught);
#endif
  stop = true;
  for (std::thread& thread : threads)
    thread.join();
}
