// SPDX-License-Identifier: Apache-2.0
#pragma once

// Launcher: starts one program as specified, or says which step failed and why. Everything is
// prepared before the child is created. Until its exec the child only makes system calls, because
// it shares our memory or has a copy of it in which locks may be held for ever.
//
// Besides its LaunchSpec every child gets: a session and process group of its own (so its pid is
// its group's number), SIGTERM when the launching thread ends, an empty signal mask, default
// dispositions, and no descriptor that it was not given.
//
// Threads: one. PDEATHSIG follows the thread that created the child, so launch only from a thread
// that lives as long as the supervisor. launch() blocks until the exec (about 0.1 ms), and for
// kLimit at most: whoever owns an executable can keep an exec of it waiting (a lease, fcntl(2)),
// and so can the server of its file system.

#include "common/base/clock.hpp"
#include "common/os/fd.hpp"

#include <sys/resource.h>
#include <sys/types.h>
#include <tl/expected.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::process {

struct Identity {
  uid_t uid = 0;
  gid_t gid = 0;
  std::vector<gid_t> groups;  // supplementary ones
};

struct ResourceLimit {
  int resource = 0;  // RLIMIT_NOFILE, …
  rlim_t soft = 0;
  rlim_t hard = 0;
};

// `source` becomes `target` in the child. The launcher does not take ownership of `source`.
struct PassedFd {
  int target = 0;
  int source = -1;
};

struct LaunchSpec {
  std::string executable;  // absolute: see resolve.hpp
  std::vector<std::string> argv;
  std::vector<std::string> envp;  // "KEY=value"; the value of LISTEN_PID is replaced by the pid of
                                  // the child, which only the child knows (sd_listen_fds(3))
  std::vector<PassedFd> fds;      // 0, 1 and 2 are /dev/null unless they are targets
  std::string directory;          // empty: the supervisor's
  std::optional<Identity> identity;
  std::optional<mode_t> umask;
  std::optional<int> nice;           // setpriority(2)
  std::optional<int> oom_score_adj;  // proc(5)
  std::vector<ResourceLimit> limits;
  int cgroup = -1;                   // Cgroup::entrance(); the launcher does not own it
  std::optional<rlim_t> soft_files;  // soft RLIMIT_NOFILE, unless `limits` sets that
};

struct Launched {
  pid_t pid = -1;
  Fd pidfd;
};

struct LaunchError {
  std::string step;  // "fork", "exec", "chdir", "setuid", …: see child_setup.hpp
  int os_error = 0;  // 0: `step` says it all
};

std::string describe(const LaunchError& error);  // "exec: No such file or directory"

class Launcher {
 public:
  Launcher();
  ~Launcher();
  Launcher(Launcher&&) noexcept;

  // A start that takes longer has failed.
  static constexpr Duration kLimit = std::chrono::seconds(2);
  // For so long the same executable is not tried again, and the error is the same. Else a program
  // of many processes would hold the main loop for kLimit after kLimit.
  static constexpr Duration kPauseAfterLimit = 2 * kLimit;
  // With so many children that cannot even be killed every start fails at once.
  static constexpr std::size_t kMostLate = 4;

  // On success the program runs: its exec succeeded. After an error no process is left, unless the
  // limit was exceeded and the kernel still holds it: see late().
  tl::expected<Launched, LaunchError> launch(const LaunchSpec& spec);

  // Children of failed starts that the kernel has not given back yet. They end, without another
  // step, when it does, and are reaped here or by the Reaper.
  std::size_t late();

 private:
  class Room;
  struct Late;
  struct Parts;
  tl::unexpected<LaunchError> abandon(const LaunchSpec& spec, Launched& launched);

  std::unique_ptr<Parts> parts_;
};

}  // namespace holdfast::supervisor::process
