// SPDX-License-Identifier: Apache-2.0

// The one file that includes Boost.Process. Of the library it uses default_launcher: the fork, the
// pipe that carries an exec error back, and Asio's fork notification. Debian's releases (1.81 and
// 1.83) have defects in the rest, so the child is set up by one initializer of our own, and the
// child is watched through a pidfd of our own.

#define BOOST_PROCESS_USE_STD_FS  // otherwise it needs the Boost.Filesystem library
#include "tests/support/process.hpp"

// clang-format off: with std::filesystem, 1.81 uses these three and does not include them.
#include <boost/optional.hpp>
#include <boost/type_traits/decay.hpp>
#include <boost/type_traits/is_convertible.hpp>
// clang-format on

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

#include <array>
#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <system_error>
#include <utility>

extern char** environ;

namespace holdfast::test {

namespace {

namespace fs = std::filesystem;
namespace bp = boost::process::v2;

constexpr auto kPidFd = static_cast<idtype_t>(3);  // P_PIDFD, which glibc 2.36 does not export

std::vector<std::string> merged(const std::map<std::string, std::string>& changes) {
  std::vector<std::string> result;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string text = *entry;
    if (!changes.contains(text.substr(0, text.find('=')))) result.push_back(text);
  }
  for (const auto& [name, value] : changes) {
    if (!value.empty()) result.push_back(name + "=" + value);
  }
  return result;
}

std::vector<const char*> pointers(const std::vector<std::string>& strings) {
  std::vector<const char*> result;
  for (const std::string& text : strings)
    result.push_back(text.c_str());
  result.push_back(nullptr);
  return result;
}

// Empty if it cannot be read: a process may be gone before its file in /proc was. A stream would
// throw.
std::string slurp(const fs::path& path) {
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  return fd ? read_to_end(fd.get()) : std::string();
}

Fd open_or_throw(const fs::path& path, int flags) {
  Fd fd(::open(path.c_str(), flags | O_CLOEXEC, 0600));
  if (!fd) throw std::system_error(errno, std::generic_category(), "open " + path.native());
  return fd;
}

std::pair<Fd, Fd> make_pipe() {
  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  return {Fd(ends[0]), Fd(ends[1])};
}

class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    ::sigfillset(&all);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  AllSignalsBlocked(const AllSignalsBlocked&) = delete;
  AllSignalsBlocked& operator=(const AllSignalsBlocked&) = delete;
  ~AllSignalsBlocked() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  const sigset_t& before() const { return before_; }

 private:
  sigset_t before_{};
};

// Runs inside default_launcher, in the child: system calls only. The variadic hooks are on purpose:
// 1.81 looks for a hook with one list of arguments and calls it with another.
struct ChildSetup {
  const std::vector<const char*>& environment;
  const std::string& directory;
  const std::vector<int>& inherited;
  int input;
  int output;
  const sigset_t& mask;
  pid_t parent;

  template <class Launcher, class Path>
  bp::error_code on_setup(Launcher& launcher, const Path&, const char* const*) {
    launcher.env = environment.data();  // process_environment does not link in 1.81 and 1.83
    launcher.fd_whitelist.insert(launcher.fd_whitelist.end(), inherited.begin(), inherited.end());
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
    if (::setpgid(0, 0) != 0 || ::prctl(PR_SET_PDEATHSIG, SIGTERM) != 0) return false;
    if (::getppid() != parent) ::_exit(127);  // it died before prctl
    for (int number = 1; number < NSIG; ++number)
      ::signal(number, SIG_DFL);
    if (!directory.empty() && ::chdir(directory.c_str()) != 0) return false;
    if (::dup2(input, 0) < 0 || ::dup2(output, 1) < 0 || ::dup2(output, 2) < 0) return false;
    // The launcher's own closing leaves gaps open up to 1.85.
    if (::syscall(SYS_close_range, 3, ~0U, CLOSE_RANGE_CLOEXEC) != 0) return false;
    for (const int fd : inherited) {
      if (::fcntl(fd, F_SETFD, 0) != 0) return false;
    }
    return ::sigprocmask(SIG_SETMASK, &mask, nullptr) == 0;
  }
};

// One launch at a time: the launcher's error pipe is not close-on-exec from the start, and a child
// that another thread starts would hold it open.
std::mutex& launch_mutex() {
  static std::mutex mutex;
  return mutex;
}

pid_t launch(const std::vector<std::string>& argv, const ProcessOptions& options, int input,
             int output) {
  const std::vector<std::string> environment = merged(options.environment);
  const std::vector<const char*> environment_pointers = pointers(environment);
  const std::vector<std::string> arguments(argv.begin() + 1, argv.end());
  const std::string directory = options.directory.native();

  const std::lock_guard lock(launch_mutex());
  // The launcher notifies this context of the fork; nothing else is ever registered in it.
  boost::asio::io_context io;
  bp::posix::default_launcher launcher;
  bp::error_code error;
  // A signal that arrives before the exec must not run a handler of this process in the child.
  const AllSignalsBlocked blocked;
  auto process = launcher(io.get_executor(), error, argv.at(0), arguments,
                          ChildSetup{environment_pointers, directory, options.inherited, input,
                                     output, blocked.before(), ::getpid()});
  if (error) {
    if (launcher.pid > 0) ::waitpid(launcher.pid, nullptr, 0);  // some releases leave it a zombie
    throw std::runtime_error("cannot start " + argv[0] + ": " + error.message());
  }
  const pid_t pid = process.id();
  process.detach();  // its destructor would kill the leader only, and wait without a limit
  return pid;
}

}  // namespace

Process::Process(const std::vector<std::string>& argv, const ProcessOptions& options)
    : output_(options.output) {
  Fd input;
  if (options.input_pipe) {
    std::tie(input, input_pipe_) = make_pipe();
  } else {
    input = open_or_throw(options.input.empty() ? "/dev/null" : options.input, O_RDONLY);
  }
  Fd output;
  if (output_.empty()) {
    std::tie(output_pipe_, output) = make_pipe();
  } else {
    output = open_or_throw(output_, O_WRONLY | O_CREAT | O_APPEND);
  }
  pid_ = launch(argv, options, input.get(), output.get());
  pidfd_.reset(static_cast<int>(::syscall(SYS_pidfd_open, pid_, 0)));
  if (!pidfd_) {
    const int failure = errno;
    kill();
    throw std::system_error(failure, std::generic_category(), "pidfd_open");
  }
}

Process::Process(Process&& other) noexcept
    : pid_(std::exchange(other.pid_, -1)),
      pidfd_(std::move(other.pidfd_)),
      ended_(other.ended_),
      output_(std::move(other.output_)),
      input_pipe_(std::move(other.input_pipe_)),
      output_pipe_(std::move(other.output_pipe_)),
      unread_(std::move(other.unread_)) {}

Process::~Process() {
  kill();
}

int signal_process(pid_t pid, int number) {
  if (pid <= 1) throw std::runtime_error("there is no process to send a signal to");
  return ::kill(pid, number);
}

void Process::signal(int number) const {
  if (pid_ > 0 && !ended_) ::kill(pid_, number);
}

void Process::kill() {
  if (pid_ <= 0 || poll()) return;
  ::kill(-pid_, SIGKILL);
  siginfo_t info{};
  while (::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED) != 0 && errno == EINTR) {
  }
  ended_ = Ended{true, SIGKILL};
}

std::optional<Ended> Process::poll() {
  if (ended_) return ended_;
  siginfo_t info{};
  if (::waitid(kPidFd, static_cast<id_t>(pidfd_.get()), &info, WEXITED | WNOHANG) == 0 &&
      info.si_pid != 0) {
    ended_ = Ended{info.si_code != CLD_EXITED, info.si_status};
  }
  return ended_;
}

Ended Process::wait(std::chrono::steady_clock::duration limit) {
  using std::chrono::milliseconds;
  const auto deadline = std::chrono::steady_clock::now() + limit;
  while (!poll()) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    if (left.count() <= 0) {
      throw std::runtime_error("the process did not end in time; its output:\n" + output());
    }
    pollfd ended{pidfd_.get(), POLLIN, 0};
    ::poll(&ended, 1, static_cast<int>(left.count()));
  }
  return *ended_;
}

std::string Process::output() const {
  return output_.empty() ? std::string() : slurp(output_);
}

std::optional<std::string> Process::read_line() {
  for (;;) {
    const std::size_t end = unread_.find('\n');
    if (end != std::string::npos) {
      std::string line = unread_.substr(0, end);
      unread_.erase(0, end + 1);
      return line;
    }
    std::array<char, 4096> block;
    const ssize_t n = ::read(output_pipe_.get(), block.data(), block.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::nullopt;
    unread_.append(block.data(), static_cast<std::size_t>(n));
  }
}

std::string Process::read_to_end() {
  return std::exchange(unread_, {}) + test::read_to_end(output_pipe_.get());
}

Finished run_program(const std::vector<std::string>& argv, ProcessOptions options) {
  options.output.clear();
  Process process(argv, options);
  std::string output = process.read_to_end();
  return {process.wait(), std::move(output)};
}

fs::path find_program(const std::string& name) {
  const char* const path = std::getenv("PATH");
  std::istringstream folders(path == nullptr ? "/usr/bin:/bin" : path);
  for (std::string folder; std::getline(folders, folder, ':');) {
    if (::access((fs::path(folder) / name).c_str(), X_OK) == 0) return fs::path(folder) / name;
  }
  return {};
}

std::string read_to_end(int fd) {
  std::string text;
  std::array<char, 65536> buffer;
  for (;;) {
    const ssize_t n = ::read(fd, buffer.data(), buffer.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(n));
  }
}

bool alive(pid_t pid) {
  const std::string stat = slurp("/proc/" + std::to_string(pid) + "/stat");
  const auto paren = stat.rfind(')');
  return paren != std::string::npos && stat.size() > paren + 2 && stat[paren + 2] != 'Z' &&
         stat[paren + 2] != 'X';
}

std::vector<pid_t> pids_with_environment(const std::string& entry) {
  std::vector<pid_t> result;
  std::error_code error;
  for (const auto& item : fs::directory_iterator("/proc", error)) {
    const std::string name = item.path().filename();
    if (name.find_first_not_of("0123456789") != std::string::npos) continue;
    const std::string environment = std::string("\0", 1) + slurp(item.path() / "environ");
    const std::string needle = std::string("\0", 1) + entry + std::string("\0", 1);
    const auto pid = static_cast<pid_t>(std::stol(name));
    if (environment.find(needle) != std::string::npos && alive(pid)) result.push_back(pid);
  }
  return result;
}

}  // namespace holdfast::test
