// SPDX-License-Identifier: Apache-2.0

// The child shares our memory until its exec, so that none is copied that the exec would discard at
// once, and it leaves its error there. Not by CLONE_VFORK, which waits without end for a child that
// an executable's file system, or whoever has a lease on it, holds in the kernel: the kernel says
// in a futex that the child has left our memory, and that wait has a limit. Why not a library's
// fork, and why no thread: docs/adr/0006-own-launcher.md, docs/adr/0066-launches-have-a-limit.md.

#include "supervisor/process/launcher.hpp"

#include "common/os/exit_codes.hpp"
#include "common/os/signal_mask.hpp"
#include "supervisor/process/child_setup.hpp"

#include <fmt/format.h>
#include <linux/futex.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <ctime>
#include <new>
#include <system_error>
#include <tuple>
#include <utility>

#ifdef __SANITIZE_THREAD__
// ThreadSanitizer intercepts clone(), assumes that the child has a memory of its own, and forgets
// our other threads. This is the C library's function under a name that is not intercepted.
extern "C" int __clone(int (*run)(void*), void* stack, int flags, void* argument, ...);
#define clone __clone
#endif

namespace holdfast::supervisor::process {

namespace {

constexpr std::size_t kRoomBytes = 64 * 1024;
constexpr int kUntilKilledMs =
    100;  // what can be killed at all is gone by then, however busy we are
constexpr std::uint32_t kInOurMemory = 1;
constexpr idtype_t kByPidFd = static_cast<idtype_t>(3);  // P_PIDFD; see child.cpp

// What both sides see, also when the child has a copy of our memory. `running` is kInOurMemory
// until the kernel sets it: to 0 when a child that shares our memory leaves it, by its exec or its
// end. Of a child with a copy the kernel tells only the holders of robust futexes, so such a child
// holds `running` as one of those; it becomes its thread's id then, and FUTEX_OWNER_DIED in the
// end.
struct Shared {
  std::uint32_t running;
  volatile int failure;
  robust_list held;
  robust_list_head list;
};

struct Start {
  const LaunchPlan& plan;
  Shared& shared;
};

// Runs on its own stack while the parent waits. It does not return on success, so ThreadSanitizer,
// whose state the parent shares, must not record that it was entered.
[[gnu::no_sanitize("thread")]] int run_child(void* argument) {
  const Start& start = *static_cast<const Start*>(argument);
  Shared& shared = start.shared;
  if (start.plan.change_identity) {
    const auto self = static_cast<std::uint32_t>(::syscall(SYS_gettid));
    __atomic_store_n(&shared.running, self | FUTEX_WAITERS, __ATOMIC_RELEASE);
    ::syscall(SYS_set_robust_list, &shared.list, sizeof shared.list);
  }
  shared.failure = set_up_child(start.plan);
  if (shared.failure == 0) {
    ::execve(start.plan.spec->executable.c_str(), const_cast<char* const*>(start.plan.argv.data()),
             const_cast<char* const*>(start.plan.envp.data()));
    shared.failure = pack(ChildStep::Exec, errno);
  }
  return exit_code::kNotExecuted;
}

// A child that becomes another user gets a copy of our memory, as with fork: if it shared ours,
// that user could stop or signal it meanwhile, and the kernel would mark us as undumpable.
int clone_flags(const LaunchPlan& plan) {
  int flags = CLONE_PIDFD | SIGCHLD;
  if (!plan.change_identity) flags |= CLONE_VM | CLONE_CHILD_CLEARTID;
  if (plan.keep_below > 0) flags |= CLONE_FILES;
  return flags;
}

struct Attempt {
  pid_t pid = -1;
  int pidfd = -1;
  int clone_error = 0;
  bool over = false;  // the child has executed its program, or ended
};

// The child has this thread's storage, so in here nothing is done that it could notice, or a
// sanitizer, which keeps books there: the wait fails, and sets errno, only when it is over.
[[gnu::no_sanitize("thread")]] [[gnu::no_sanitize("address")]] void attempt_start(
    Start& start, void* stack, int flags, const timespec& until, Attempt& attempt) {
  std::uint32_t* const running = &start.shared.running;
  attempt.pid = ::clone(run_child, stack, flags, &start, &attempt.pidfd, nullptr, running);
  attempt.clone_error = errno;
  for (bool in_time = true; attempt.pid > 0;) {
    const std::uint32_t now = __atomic_load_n(running, __ATOMIC_ACQUIRE);
    attempt.over = now == 0 || (now & FUTEX_OWNER_DIED) != 0;
    if (attempt.over || !in_time) return;
    in_time = ::syscall(SYS_futex, running, FUTEX_WAIT_BITSET, now, &until, nullptr,
                        FUTEX_BITSET_MATCH_ANY) == 0 ||
              errno != ETIMEDOUT;
  }
}

timespec from_now(Duration duration) {
  const auto at = (MonoTime::clock::now() + duration).time_since_epoch();
  const auto seconds = std::chrono::floor<std::chrono::seconds>(at);
  return {seconds.count(), std::chrono::nanoseconds(at - seconds).count()};
}

// Does not wait. True also if somebody else has reaped it.
bool has_ended(const Fd& pidfd, int extra) {
  siginfo_t info{};
  const int result =
      ::waitid(kByPidFd, static_cast<id_t>(pidfd.get()), &info, WEXITED | WNOHANG | extra);
  return result != 0 ? errno == ECHILD : info.si_pid != 0;
}

// Whether the child could be killed and reaped. What the kernel holds may come back much later; it
// dies then, before it makes another step.
bool kill_and_reap(pid_t pid, const Fd& pidfd) {
  ::kill(pid, SIGKILL);
  pollfd end{pidfd.get(), POLLIN, 0};
  std::ignore = ::poll(&end, 1, kUntilKilledMs);
  if (!has_ended(pidfd, WNOWAIT)) return false;
  ::kill(-pid, SIGKILL);  // in case that it has come to run at the last moment
  return has_ended(pidfd, 0);
}

LaunchError hangs(const std::string& executable) {
  return {fmt::format("exec of '{}' does not return: a file lease, or a file system that hangs",
                      executable),
          0};
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
  if (error.os_error == 0) return error.step;
  return fmt::format("{}: {}", error.step, std::generic_category().message(error.os_error));
}

// The child's stack, and what both sides see. Mapped shared, so that a child with a copy of our
// memory can report too. Used by one launch at a time.
class Launcher::Room {
 public:
  Room()
      : memory_(::mmap(nullptr, kRoomBytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1,
                       0)) {
    if (memory_ == MAP_FAILED) throw std::bad_alloc();
  }
  ~Room() {
    if (memory_ != nullptr) ::munmap(memory_, kRoomBytes);
  }
  Room(Room&& other) noexcept : memory_(std::exchange(other.memory_, nullptr)) {}
  Room& operator=(Room&& other) noexcept {
    std::swap(memory_, other.memory_);
    return *this;
  }
  Room(const Room&) = delete;
  Room& operator=(const Room&) = delete;

  Shared& fresh() const {
    auto* const shared = new (memory_) Shared{};
    shared->running = kInOurMemory;
    shared->held.next = &shared->list.list;
    shared->list.list.next = &shared->held;
    shared->list.futex_offset =
        static_cast<long>(offsetof(Shared, running)) - static_cast<long>(offsetof(Shared, held));
    return *shared;
  }
  void* stack() const { return static_cast<char*>(memory_) + kRoomBytes; }  // it grows downward
  void leave_mapped() { memory_ = nullptr; }

 private:
  void* memory_;
};

// A child that the kernel holds. It is dead already as far as it can be, but the kernel will write
// into the room when it ends.
struct Launcher::Late {
  Fd pidfd;
  Room room;
};

struct Launcher::Parts {
  Room room;
  LowFds low;
  std::vector<Late> late;
  std::vector<std::pair<std::string, MonoTime>> hung;  // executables, and until when none is tried

  bool hangs_still(const std::string& executable) {
    std::erase_if(hung, [](const auto& entry) { return entry.second <= MonoTime::clock::now(); });
    return std::any_of(hung.begin(), hung.end(),
                       [&](const auto& entry) { return entry.first == executable; });
  }
};

Launcher::Launcher() : parts_(std::make_unique<Parts>()) {}
Launcher::Launcher(Launcher&&) noexcept = default;
Launcher::~Launcher() {
  if (!parts_ || late() == 0) return;
  for (Late& child : parts_->late)
    child.room.leave_mapped();
}

std::size_t Launcher::late() {
  std::erase_if(parts_->late, [](const Late& child) { return has_ended(child.pidfd, 0); });
  return parts_->late.size();
}

tl::expected<Launched, LaunchError> Launcher::launch(const LaunchSpec& spec) {
  if (parts_->hangs_still(spec.executable)) return tl::unexpected(hangs(spec.executable));
  if (const std::size_t count = late(); count >= kMostLate) {
    return tl::unexpected(LaunchError{
        fmt::format("{} earlier starts have not come back from a file system that hangs", count),
        0});
  }
  const ClearedAfter cleared(parts_->low);
  const auto plan = make_plan(spec, parts_->low);
  if (!plan) return tl::unexpected(plan.error());

  Start start{*plan, parts_->room.fresh()};
  Attempt attempt;
  const timespec until = from_now(kLimit);
  {
    // No handler of ours may run in the child before its dispositions are reset.
    const SignalsBlocked inherited;
    attempt_start(start, parts_->room.stack(), clone_flags(*plan), until, attempt);
  }
  if (attempt.pid < 0) return tl::unexpected(LaunchError{"fork", attempt.clone_error});
  Launched launched{attempt.pid, Fd(attempt.pidfd)};
  // One that somebody has killed before it could hold its futex has been started, and has ended.
  if (!attempt.over && !has_ended(launched.pidfd, WNOWAIT)) return abandon(spec, launched);
  if (const int failure = start.shared.failure; failure != 0) {
    reap(launched.pid);
    return tl::unexpected(LaunchError{std::string(to_string(step_of(failure))), errno_of(failure)});
  }
  return launched;
}

tl::unexpected<LaunchError> Launcher::abandon(const LaunchSpec& spec, Launched& launched) {
  if (!kill_and_reap(launched.pid, launched.pidfd)) {
    Late late{std::move(launched.pidfd), Room()};
    std::swap(late.room, parts_->room);
    parts_->late.push_back(std::move(late));
  }
  parts_->hung.emplace_back(spec.executable, MonoTime::clock::now() + kPauseAfterLimit);
  return tl::unexpected(hangs(spec.executable));
}

}  // namespace holdfast::supervisor::process
