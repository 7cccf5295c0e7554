// SPDX-License-Identifier: Apache-2.0

// clone(CLONE_VFORK): this thread waits in the kernel until the child has executed its program or
// ended. So the child can leave its error in shared memory, and no memory is copied that the exec
// would discard at once. Why not a library's fork: docs/adr/0006-own-launcher.md.

#include "supervisor/process/launcher.hpp"

#include "common/os/exit_codes.hpp"
#include "common/os/signal_mask.hpp"
#include "supervisor/process/child_setup.hpp"

#include <fmt/format.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <new>
#include <system_error>

#ifdef __SANITIZE_THREAD__
// ThreadSanitizer intercepts clone(), assumes that the child has a memory of its own, and forgets
// our other threads. This is the C library's function under a name that is not intercepted.
extern "C" int __clone(int (*run)(void*), void* stack, int flags, void* argument, ...);
#define clone __clone
#endif

namespace holdfast::supervisor::process {

namespace {

constexpr std::size_t kRoomBytes = 64 * 1024;

struct Start {
  const LaunchPlan& plan;
  volatile int* failure;
};

// Runs on its own stack while the parent waits. It does not return on success, so ThreadSanitizer,
// whose state the parent shares, must not record that it was entered.
[[gnu::no_sanitize("thread")]] int run_child(void* argument) {
  const Start& start = *static_cast<const Start*>(argument);
  *start.failure = set_up_child(start.plan);
  if (*start.failure == 0) {
    ::execve(start.plan.spec->executable.c_str(), const_cast<char* const*>(start.plan.argv.data()),
             const_cast<char* const*>(start.plan.envp.data()));
    *start.failure = pack(ChildStep::Exec, errno);
  }
  return exit_code::kNotExecuted;
}

// A child that becomes another user gets a copy of our memory, as with fork: if it shared ours,
// that user could stop or signal it meanwhile, and the kernel would mark us as undumpable.
int clone_flags(const LaunchPlan& plan) {
  int flags = CLONE_VFORK | CLONE_PIDFD | SIGCHLD;
  if (!plan.change_identity) flags |= CLONE_VM;
  if (plan.keep_below > 0) flags |= CLONE_FILES;
  return flags;
}

// A pipe must close when the child ends, so our copies of what it was given must not stay open.
class ClearedAfter {
 public:
  explicit ClearedAfter(LowFds& low) : low_(low) {}
  ~ClearedAfter() { low_.clear(); }
  ClearedAfter(const ClearedAfter&) = delete;
  ClearedAfter& operator=(const ClearedAfter&) = delete;

 private:
  LowFds& low_;
};

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

}  // namespace

std::string describe(const LaunchError& error) {
  return fmt::format("{}: {}", error.step, std::generic_category().message(error.os_error));
}

// The child's stack, and where it leaves its error. Mapped shared, so that a child with a copy of
// our memory can report too. Used by one launch at a time.
struct Launcher::Room {
  Room()
      : memory(::mmap(nullptr, kRoomBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                      0)) {
    if (memory == MAP_FAILED) throw std::bad_alloc();
  }
  ~Room() { ::munmap(memory, kRoomBytes); }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  volatile int* failure() const { return static_cast<volatile int*>(memory); }
  void* stack() const { return static_cast<char*>(memory) + kRoomBytes; }  // it grows downward

  void* memory;
  LowFds low;
};

Launcher::Launcher() : room_(std::make_unique<Room>()) {}
Launcher::~Launcher() = default;
Launcher::Launcher(Launcher&&) noexcept = default;

tl::expected<Launched, LaunchError> Launcher::launch(const LaunchSpec& spec) {
  const ClearedAfter cleared(room_->low);
  const auto plan = make_plan(spec, room_->low);
  if (!plan) return tl::unexpected(plan.error());

  Start start{*plan, room_->failure()};
  *start.failure = 0;
  int pidfd = -1;
  pid_t pid = -1;
  int clone_error = 0;
  {
    // No handler of ours may run in the child before its dispositions are reset.
    const SignalsBlocked inherited;
    pid = ::clone(run_child, room_->stack(), clone_flags(*plan), &start, &pidfd);
    clone_error = errno;
  }
  if (pid < 0) return tl::unexpected(LaunchError{"fork", clone_error});
  Launched launched{pid, Fd(pidfd)};
  if (const int failure = *start.failure; failure != 0) {
    reap(pid);
    return tl::unexpected(LaunchError{std::string(to_string(step_of(failure))), errno_of(failure)});
  }
  return launched;
}

}  // namespace holdfast::supervisor::process
