// SPDX-License-Identifier: Apache-2.0

// Preloaded into a whole stack (LD_PRELOAD), it makes system calls fail and the wall clock jump, as
// directed by the files in the directory HOLDFAST_TEST_PRELOAD:
//
//   no-fork    clone, by which the supervisor forks, fails with EAGAIN
//   no-watch   epoll_ctl(EPOLL_CTL_ADD) fails with ENOSPC for a pidfd, in the main thread
//   clock      8 bytes: nanoseconds added to CLOCK_REALTIME; read at the start and mapped
//
// Built without sanitizers, because it is loaded before their libraries.

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

const volatile std::int64_t* offset = nullptr;
char directory[4096] = "";

bool told(const char* what) {
  char path[4200];
  if (directory[0] == '\0') return false;
  std::strcpy(path, directory);
  std::strcat(path, what);
  return ::access(path, F_OK) == 0;
}

__attribute__((constructor)) void load() {
  const char* name = std::getenv("HOLDFAST_TEST_PRELOAD");
  if (name == nullptr || std::strlen(name) + 1 >= sizeof directory) return;
  std::strcpy(directory, name);
  std::strcat(directory, "/");
  char path[4200];
  std::strcpy(path, directory);
  std::strcat(path, "clock");
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return;
  void* const page = ::mmap(nullptr, sizeof *offset, PROT_READ, MAP_SHARED, fd, 0);
  ::close(fd);
  if (page != MAP_FAILED) offset = static_cast<const volatile std::int64_t*>(page);
}

template <class Function>
Function real(const char* name) {
  return reinterpret_cast<Function>(::dlsym(RTLD_NEXT, name));
}

int clone_or_fail(const char* name, int (*function)(void*), void* stack, int flags, void* argument,
                  va_list more) {
  if (told("no-fork")) {
    errno = EAGAIN;
    return -1;
  }
  // All of them, as each flag has its own: CLONE_PIDFD the first, CLONE_CHILD_CLEARTID the third.
  pid_t* const pidfd = va_arg(more, pid_t*);
  void* const tls = va_arg(more, void*);
  pid_t* const child_tid = va_arg(more, pid_t*);
  using Clone = int (*)(int (*)(void*), void*, int, void*, pid_t*, void*, pid_t*);
  return real<Clone>(name)(function, stack, flags, argument, pidfd, tls, child_tid);
}

bool is_pidfd(int fd) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
  char target[64] = {};
  return ::readlink(path, target, sizeof target - 1) > 0 &&
         std::strstr(target, "[pidfd]") != nullptr;
}

}  // namespace

extern "C" {

// Its caller gives a pidfd's place and nothing else.
int clone(int (*function)(void*), void* stack, int flags, void* argument, ...) noexcept {
  va_list more;
  va_start(more, argument);
  const int result = clone_or_fail("clone", function, stack, flags, argument, more);
  va_end(more);
  return result;
}

// The name that it has under ThreadSanitizer.
int __clone(int (*function)(void*), void* stack, int flags, void* argument, ...) noexcept {
  va_list more;
  va_start(more, argument);
  const int result = clone_or_fail("__clone", function, stack, flags, argument, more);
  va_end(more);
  return result;
}

int epoll_ctl(int epoll, int operation, int fd, epoll_event* event) noexcept {
  if (operation == EPOLL_CTL_ADD && ::getpid() == ::syscall(SYS_gettid) && told("no-watch") &&
      is_pidfd(fd)) {
    errno = ENOSPC;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_epoll_ctl, epoll, operation, fd, event));
}

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  const long result = ::syscall(SYS_clock_gettime, clock, time);
  if (result == 0 && offset != nullptr &&
      (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    const std::int64_t ns = time->tv_sec * kSecond + time->tv_nsec + *offset;
    time->tv_sec = ns / kSecond;
    time->tv_nsec = ns % kSecond;
  }
  return static_cast<int>(result);
}

int gettimeofday(timeval* time, void*) noexcept {
  timespec now{};
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  time->tv_sec = now.tv_sec;
  time->tv_usec = now.tv_nsec / 1000;
  return 0;
}

time_t time(time_t* where) noexcept {
  timespec now{};
  if (clock_gettime(CLOCK_REALTIME, &now) != 0) return -1;
  if (where != nullptr) *where = now.tv_sec;
  return now.tv_sec;
}
}
