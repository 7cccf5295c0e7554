// SPDX-License-Identifier: Apache-2.0
#include "tests/support/process.hpp"

#include "tests/support/wait.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <iterator>
#include <sstream>
#include <stdexcept>

extern char** environ;

namespace holdfast::test {

namespace {

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

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& text : strings)
    result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

std::string slurp(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}  // namespace

Process::Process(const std::vector<std::string>& argv,
                 const std::map<std::string, std::string>& environment,
                 const std::filesystem::path& output)
    : output_(output) {
  std::vector<std::string> arguments = argv;
  std::vector<std::string> env = merged(environment);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> env_pointers = pointers(env);
  // A signal that comes before the exec must find no handler of the test runner's.
  sigset_t all;
  sigset_t before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  pid_ = ::fork();
  if (pid_ == 0) {
    for (int number = 1; number < NSIG; ++number)
      ::signal(number, SIG_DFL);
    ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
    ::setpgid(0, 0);
    const int out = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const int null = ::open("/dev/null", O_RDONLY);
    ::dup2(null, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::close(out);
    ::close(null);
    ::execve(argument_pointers[0], argument_pointers.data(), env_pointers.data());
    ::_exit(127);
  }
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  if (pid_ < 0) throw std::runtime_error("fork failed");
  ::setpgid(pid_, pid_);
}

Process::~Process() {
  if (!ended_ && !poll()) {
    ::kill(-pid_, SIGKILL);
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
}

void Process::signal(int number) const {
  ::kill(pid_, number);
}

std::optional<Ended> Process::poll() {
  if (ended_) return ended_;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) == pid_) {
    ended_ =
        WIFSIGNALED(status) ? Ended{true, WTERMSIG(status)} : Ended{false, WEXITSTATUS(status)};
  }
  return ended_;
}

Ended Process::wait(std::chrono::steady_clock::duration limit) {
  if (!wait_until([this] { return poll().has_value(); }, limit)) {
    throw std::runtime_error("the process did not end in time; its output:\n" + output());
  }
  return *ended_;
}

std::string Process::output() const {
  return slurp(output_);
}

bool alive(pid_t pid) {
  std::string stat = slurp("/proc/" + std::to_string(pid) + "/stat");
  const auto paren = stat.rfind(')');
  return paren != std::string::npos && stat.size() > paren + 2 && stat[paren + 2] != 'Z' &&
         stat[paren + 2] != 'X';
}

std::vector<pid_t> pids_with_environment(const std::string& entry) {
  std::vector<pid_t> result;
  std::error_code error;
  for (const auto& item : std::filesystem::directory_iterator("/proc", error)) {
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
