// SPDX-License-Identifier: Apache-2.0

// The one file that knows Boost.Process. Its v2 launcher forks, carries the child's error back and
// tells Asio of the fork; the steps around its defects are named where they are taken, and listed
// in docs/adr/0002-launching-children.md.

#define BOOST_PROCESS_USE_STD_FS  // no Boost.Filesystem library to link
#include "supervisor/process/launcher.hpp"

#include "supervisor/process/child_setup.hpp"

// clang-format off: 1.81 with std::filesystem uses the next three and does not include them.
#include <boost/optional.hpp>
#include <boost/type_traits/decay.hpp>
#include <boost/type_traits/is_convertible.hpp>
// clang-format on

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/process/v2/process.hpp>
#include <fmt/format.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace holdfast::supervisor::process {

namespace {

namespace bp = boost::process::v2;

// Runs inside default_launcher. The variadic hooks are on purpose: 1.81 looks for them with one
// list of arguments and calls them with another.
struct Setup {
  const LaunchPlan& plan;
  int& fork_error;

  template <class Launcher, class Path>
  bp::error_code on_setup(Launcher& launcher, const Path&, const char* const*) {
    launcher.env = plan.envp.data();
    for (const PassedFd& move : plan.moves)
      launcher.fd_whitelist.push_back(move.target);
    return {};
  }

  template <class... Arguments>
  void on_fork_error(Arguments&&...) {
    fork_error = errno;
  }

  template <class Launcher, class Path>
  bp::error_code on_exec_setup(Launcher&, const Path&, const char* const*) {
    const int failure = set_up_child(plan);
    if (failure == 0) return {};
    errno = failure;  // the launcher reports errno, not the error code that we return
    return {failure, boost::system::system_category()};
  }

  template <class... Arguments>
  void on_exec_error(Arguments&&...) {
    ::_exit(127);  // the launcher's exit() would flush the parent's stdio and run its destructors
  }
};

// No handler of ours may run in the child before its dispositions are reset.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

tl::unexpected<LaunchError> lost(pid_t pid, const char* step, int os_error) {
  ::kill(pid, SIGKILL);
  reap(pid);
  return tl::unexpected(LaunchError{step, os_error});
}

}  // namespace

std::string describe(const LaunchError& error) {
  return fmt::format("{}: {}", error.step, std::generic_category().message(error.os_error));
}

// A context of its own: the launcher calls notify_fork on it, whose cost in the child grows with
// the descriptors registered there. Nothing ever is, so it is never run either.
struct Launcher::Context {
  boost::asio::io_context io;
  // Makes Asio's reactor now: made at the first launch, it would leak a descriptor or two each time
  // that it fails for want of descriptors.
  boost::asio::posix::stream_descriptor reactor{io};
};

Launcher::Launcher() : context_(std::make_unique<Context>()) {}
Launcher::~Launcher() = default;
Launcher::Launcher(Launcher&&) noexcept = default;

tl::expected<Launched, LaunchError> Launcher::launch(const LaunchSpec& spec) {
  auto plan = make_plan(spec);
  if (!plan) return tl::unexpected(std::move(plan).error());

  bp::posix::default_launcher launcher;
  bp::error_code error;
  int fork_error = 0;
  try {
    const AllSignalsBlocked guard;
    auto process = launcher(context_->io.get_executor(), error, spec.executable,
                            static_cast<const char**>(plan->argv.data()), Setup{*plan, fork_error});
    // Else its destructor kills: waiting and signalling are on a pidfd of ours.
    if (!error) process.detach();
  } catch (const std::exception&) {
    if (::getpid() != plan->parent) ::_exit(127);
    // Short of descriptors or memory, and not for the program's fault.
    if (launcher.pid <= 0) return tl::unexpected(LaunchError{"launch", ENOMEM});
    // The child runs; the library could not open or register its pidfd. Ours decides, below.
    error.clear();
  }
  if (fork_error != 0) return tl::unexpected(LaunchError{"fork", fork_error});
  if (error) {
    if (launcher.pid <= 0) return tl::unexpected(LaunchError{"pipe", error.value()});
    reap(launcher.pid);  // which the launcher leaves to nobody
    return tl::unexpected(
        LaunchError{std::string(to_string(step_of(error.value()))), errno_of(error.value())});
  }
  Launched launched{launcher.pid, Fd(static_cast<int>(::syscall(SYS_pidfd_open, launcher.pid, 0)))};
  if (!launched.pidfd) return lost(launcher.pid, "pidfd_open", errno);
  return launched;
}

}  // namespace holdfast::supervisor::process
