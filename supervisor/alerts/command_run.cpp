// SPDX-License-Identifier: Apache-2.0

// The supervisor's one file that includes Boost.Process. Of the library it uses default_launcher:
// the fork, and the pipe that carries an exec error back. Debian's releases (1.81 and 1.83) have
// defects in the rest, so the child is set up by one initializer of our own, and watched through a
// pidfd of our own (docs/adr/0034).

#define BOOST_PROCESS_USE_STD_FS  // otherwise it needs the Boost.Filesystem library
#include "supervisor/alerts/command_run.hpp"

// clang-format off: with std::filesystem, 1.81 uses these three and does not include them.
#include <boost/optional.hpp>
#include <boost/type_traits/decay.hpp>
#include <boost/type_traits/is_convertible.hpp>
// clang-format on

#include "common/os/fd.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/process/v2/process.hpp>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <vector>

namespace holdfast::supervisor::alerts {

namespace {

namespace bp = boost::process::v2;

constexpr auto kPidFd = static_cast<idtype_t>(3);  // P_PIDFD, which glibc 2.36 does not export
// Once it has ended, for what its descendants still write: no more is waited for.
constexpr Duration kLastOutput = std::chrono::milliseconds(200);
constexpr int kSafe = 10;  // descriptors of ours that are to become 0, 1 or 2 stay above these

struct Pipe {
  Fd read;
  Fd write;
};

Result<Pipe> make_command_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) return fail_errno(errno, "pipe2");
  Pipe made{Fd(ends[0]), Fd(ends[1])};
  Pipe safe{Fd(::fcntl(made.read.get(), F_DUPFD_CLOEXEC, kSafe)),
            Fd(::fcntl(made.write.get(), F_DUPFD_CLOEXEC, kSafe))};
  if (!safe.read || !safe.write) return fail_errno(errno, "duplicate a pipe");
  return safe;
}

void set_nonblocking(int fd) {
  const int flags = ::fcntl(fd, F_GETFL);
  if (flags >= 0) ::fcntl(fd, F_SETFL, flags | O_NONBLOCK);
}

class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_{};
};

// A command that has gone must not end us with SIGPIPE while we write to it.
class SigpipeBlocked {
 public:
  SigpipeBlocked() {
    ::sigemptyset(&pipe_);
    ::sigaddset(&pipe_, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &pipe_, &before_);
  }
  ~SigpipeBlocked() {
    const timespec at_once{};
    if (::sigismember(&before_, SIGPIPE) == 0) {
      while (::sigtimedwait(&pipe_, nullptr, &at_once) > 0) {
      }
    }
    ::pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  SigpipeBlocked(const SigpipeBlocked&) = delete;
  SigpipeBlocked& operator=(const SigpipeBlocked&) = delete;

 private:
  sigset_t pipe_{};
  sigset_t before_{};
};

// Runs inside default_launcher, in the child: system calls only. The variadic hooks are on purpose:
// 1.81 looks for a hook with one list of arguments and calls it with another.
struct CommandSetup {
  const std::vector<const char*>& environment;
  int input;
  int output;
  pid_t parent;

  template <class Launcher, class Path>
  bp::error_code on_setup(Launcher& launcher, const Path&, const char* const*) {
    launcher.env = environment.data();  // process_environment does not link in 1.81 and 1.83
    return {};
  }

  template <class Launcher, class Path>
  bp::error_code on_exec_setup(Launcher&, const Path&, const char* const*) {
    if (set_up()) return {};
    // The launcher reports errno, not the error code.
    return {errno, boost::system::system_category()};
  }

  template <class... Arguments>
  void on_exec_error(Arguments&&...) {
    ::_exit(127);  // the launcher's exit() would flush this process's stdio a second time
  }

  bool set_up() const {
    if (::setpgid(0, 0) != 0) return false;
    // Not PDEATHSIG, which is sent when the thread ends that forked: the guardian, or the service
    // manager, ends what a supervisor that was killed leaves behind.
    if (::getppid() != parent) ::_exit(127);
    for (int number = 1; number < NSIG; ++number)
      ::signal(number, SIG_DFL);
    if (::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) return false;
    // The launcher's own closing leaves gaps open up to 1.85.
    if (::syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return false;
    sigset_t none;
    ::sigemptyset(&none);
    return ::sigprocmask(SIG_SETMASK, &none, nullptr) == 0;
  }
};

// The file to execute: argv[0] itself, or looked up in PATH.
std::string find_command(const std::string& name,
                         const std::map<std::string, std::string>& environment) {
  if (name.find('/') != std::string::npos) return name;
  const auto path = environment.find("PATH");
  std::string_view folders = "/usr/bin:/bin";
  if (path != environment.end()) folders = path->second;
  while (!folders.empty()) {
    const auto end = std::min(folders.find(':'), folders.size());
    const std::string candidate = std::string(folders.substr(0, end)) + "/" + name;
    if (end > 0 && ::access(candidate.c_str(), X_OK) == 0) return candidate;
    folders.remove_prefix(std::min(end + 1, folders.size()));
  }
  return name;
}

Error launch_error(int code, const std::string& name) {
  const ErrorKind kind = code == ENOENT || code == ENOTDIR ? ErrorKind::NotFound
                         : code == EACCES || code == EPERM ? ErrorKind::PermissionDenied
                                                           : ErrorKind::Unavailable;
  return {kind, fmt::format("cannot start '{}': {}", name, std::generic_category().message(code)),
          code};
}

Result<pid_t> launch(const std::vector<std::string>& argv,
                     const std::map<std::string, std::string>& environment, int input, int output) {
  std::vector<std::string> entries;
  for (const auto& [name, value] : environment)
    entries.push_back(name + "=" + value);
  std::vector<const char*> pointers;
  for (const std::string& entry : entries)
    pointers.push_back(entry.c_str());
  pointers.push_back(nullptr);
  const std::string file = find_command(argv.front(), environment);
  const std::vector<std::string> arguments(argv.begin() + 1, argv.end());

  // The launcher notifies this context of the fork; nothing else is ever registered in it.
  boost::asio::io_context io;
  bp::posix::default_launcher launcher;
  bp::error_code error;
  // A signal that arrives before the exec must not run a handler of this process in the child.
  const SignalsBlocked blocked;
  auto process = launcher(io.get_executor(), error, file, arguments,
                          CommandSetup{pointers, input, output, ::getpid()});
  if (error) {
    if (launcher.pid > 0) ::waitpid(launcher.pid, nullptr, 0);  // some releases leave it a zombie
    return fail(launch_error(error.value(), argv.front()));
  }
  const pid_t pid = process.id();
  process.detach();  // its destructor would kill the leader only, and wait without a limit
  return pid;
}

// One running command: feeds it, reads it, and sees it end.
class CommandRun {
 public:
  CommandRun(pid_t pid, Fd input, Fd output, const CommandRequest& request,
             const CommandOptions& options)
      : pid_(pid),
        pidfd_(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))),
        input_(std::move(input)),
        output_(std::move(output)),
        request_(request),
        options_(options),
        deadline_(MonoTime::clock::now() + options.deadline) {
    set_nonblocking(input_.get());
    set_nonblocking(output_.get());
  }

  Result<CommandEnd> wait();

 private:
  bool turn(MonoTime until);  // false: nothing happened in time
  void feed();
  void read();
  void kill_group() const { ::kill(-pid_, SIGKILL); }

  const pid_t pid_;
  const Fd pidfd_;
  Fd input_;
  Fd output_;
  const CommandRequest& request_;
  const CommandOptions& options_;
  const MonoTime deadline_;
  std::size_t written_ = 0;
  std::string text_;
  bool ended_ = false;
};

void CommandRun::feed() {
  const std::string& text = request_.input;
  while (written_ < text.size()) {
    const ssize_t n = ::write(input_.get(), text.data() + written_, text.size() - written_);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n < 0) break;  // it does not want the rest
    written_ += static_cast<std::size_t>(n);
  }
  input_.reset();
}

void CommandRun::read() {
  std::array<char, 16384> block;
  for (;;) {
    const ssize_t n = ::read(output_.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0 && errno == EAGAIN) return;
    if (n <= 0) return output_.reset();
    const std::size_t room = options_.most_output - std::min(options_.most_output, text_.size());
    text_.append(block.data(), std::min(room, static_cast<std::size_t>(n)));
    if (static_cast<std::size_t>(n) < block.size()) return;
  }
}

bool CommandRun::turn(MonoTime until) {
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - MonoTime::clock::now());
  std::array<pollfd, 3> fds{{{ended_ ? -1 : pidfd_.get(), POLLIN, 0},
                             {input_.get(), POLLOUT, 0},
                             {output_.get(), POLLIN, 0}}};
  // A request to stop has no descriptor: it is looked for now and then.
  constexpr std::int64_t kGlance = 50;
  const auto wait = std::clamp<std::int64_t>(left.count(), 0, kGlance);
  if (::poll(fds.data(), fds.size(), static_cast<int>(wait)) < 0 && errno != EINTR) return false;
  if (fds[1].revents != 0 && input_) feed();
  if (fds[2].revents != 0 && output_) read();
  if (fds[0].revents != 0) ended_ = true;
  return MonoTime::clock::now() < until;
}

Result<CommandEnd> CommandRun::wait() {
  bool in_time = static_cast<bool>(pidfd_);
  while (in_time && !ended_)
    in_time = turn(deadline_) && !options_.stop.stop_requested();
  const MonoTime last = MonoTime::clock::now() + kLastOutput;
  while (ended_ && output_ && turn(last)) {
  }
  // While its leader is not reaped, the group's number belongs to nobody else.
  kill_group();
  siginfo_t info{};
  const auto reap = [&] {
    return pidfd_ ? ::waitid(kPidFd, static_cast<id_t>(pidfd_.get()), &info, WEXITED)
                  : ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED);
  };
  while (reap() != 0 && errno == EINTR) {
  }
  if (!in_time && !ended_) {
    return fail(ErrorKind::DeadlineExceeded,
                fmt::format("'{}' had not ended in time and was killed", request_.argv.front()));
  }
  return CommandEnd{info.si_code != CLD_EXITED, info.si_status, std::move(text_)};
}

}  // namespace

Result<CommandEnd> run_command(const CommandRequest& request, const CommandOptions& options) {
  if (request.argv.empty()) return fail(ErrorKind::InvalidArgument, "there is no command");
  HOLDFAST_TRY_ASSIGN(Pipe input, make_command_pipe());
  HOLDFAST_TRY_ASSIGN(Pipe output, make_command_pipe());
  const SigpipeBlocked guard;
  pid_t pid = -1;
  {
    const process::OwnChildren::Launch under_way(options.children);
    HOLDFAST_TRY_ASSIGN(
        pid, launch(request.argv, options.environment, input.read.get(), output.write.get()));
    options.children.add(pid);
  }
  input.read.reset();
  output.write.reset();
  auto end =
      CommandRun(pid, std::move(input.write), std::move(output.read), request, options).wait();
  options.children.remove(pid);
  return end;
}

}  // namespace holdfast::supervisor::alerts
