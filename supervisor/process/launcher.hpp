// SPDX-License-Identifier: Apache-2.0
#pragma once

// Launcher: starts one program exactly as told, or says which step failed and why. Everything is
// prepared before the child is made; between there and its exec it only makes system calls, as it
// shares our memory, or has a copy in which locks may be held for ever.
//
// What every child gets, besides its LaunchSpec: a session and process group of its own (so that
// its pid is its group), SIGTERM when the launching thread dies, an empty signal mask, default
// dispositions, and no descriptor but those it was given.
//
// Threads: one; PDEATHSIG follows the thread that forked, so launch only from a thread that lives
// as long as the supervisor. Blocks until the exec (a tenth of a millisecond).

#include "common/os/fd.hpp"

#include <sys/resource.h>
#include <sys/types.h>
#include <tl/expected.hpp>

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
  rlim_t value = 0;  // soft and hard
};

// `source` becomes `target` in the child; the launcher does not take `source` over.
struct PassedFd {
  int target = 0;
  int source = -1;
};

struct LaunchSpec {
  std::string executable;  // absolute: see resolve.hpp
  std::vector<std::string> argv;
  std::vector<std::string> envp;  // "KEY=value"; of "LISTEN_PID=…" the value is replaced by the
                                  // child's pid, which only the child knows (sd_listen_fds(3))
  std::vector<PassedFd> fds;      // targets of 0, 1, 2 that are not named get /dev/null
  std::string directory;          // empty: the supervisor's
  std::optional<Identity> identity;
  std::optional<mode_t> umask;
  std::vector<ResourceLimit> limits;
  std::optional<rlim_t> soft_files;  // soft RLIMIT_NOFILE, unless `limits` sets that
};

struct Launched {
  pid_t pid = -1;
  Fd pidfd;
};

struct LaunchError {
  std::string step;  // "fork", "exec", "chdir", "setuid", …: see child_setup.hpp
  int os_error = 0;
};

std::string describe(const LaunchError& error);  // "exec: No such file or directory"

class Launcher {
 public:
  Launcher();
  ~Launcher();
  Launcher(Launcher&&) noexcept;

  // On success the program runs (its exec succeeded). On an error nothing of it is left.
  tl::expected<Launched, LaunchError> launch(const LaunchSpec& spec);

 private:
  struct Room;
  std::unique_ptr<Room> room_;
};

}  // namespace holdfast::supervisor::process
