// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/supervision/peers.hpp"
#include "tests/bench/supervision/stamp.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <stdexcept>

extern char** environ;

namespace holdfast::bench {

namespace {

constexpr auto kPatience = std::chrono::seconds(90);

std::vector<char*> pointers(std::vector<std::string>& strings) {
  std::vector<char*> result;
  for (std::string& text : strings)
    result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

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

std::vector<pid_t> adopted() {
  std::vector<pid_t> result;
  std::ifstream text("/proc/thread-self/children");
  for (pid_t pid = 0; text >> pid;)
    result.push_back(pid);
  return result;
}

}  // namespace

Running::Running(const std::vector<std::string>& argv,
                 const std::map<std::string, std::string>& environment,
                 const std::filesystem::path& output) {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  std::vector<std::string> arguments = argv;
  std::vector<std::string> env = merged(environment);
  const std::vector<char*> argument_pointers = pointers(arguments);
  const std::vector<char*> env_pointers = pointers(env);
  started_ns_ = now_ns();
  pid_ = ::fork();
  if (pid_ < 0) throw std::runtime_error("fork failed");
  if (pid_ == 0) {
    ::setsid();
    const int out = ::open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    const int null = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    ::dup2(null, 0);
    ::dup2(out, 1);
    ::dup2(out, 2);
    ::execve(argument_pointers[0], argument_pointers.data(), env_pointers.data());
    ::_exit(127);
  }
}

bool Running::all_gone() {
  for (;;) {
    const pid_t ended = ::waitpid(-1, nullptr, WNOHANG);
    if (ended == 0) return false;
    if (ended < 0 && errno == ECHILD) return true;
  }
}

double Running::stop() {
  const std::int64_t began = now_ns();
  const auto deadline = std::chrono::steady_clock::now() + kPatience;
  ::kill(pid_, SIGTERM);
  while (!all_gone()) {
    if (std::chrono::steady_clock::now() > deadline) throw std::runtime_error("it does not stop");
    const timespec moment{0, 100'000};
    ::nanosleep(&moment, nullptr);
  }
  pid_ = -1;
  return static_cast<double>(now_ns() - began) / 1e6;
}

Running::~Running() {
  if (pid_ < 0) return;
  ::kill(pid_, SIGKILL);
  while (!all_gone()) {
    for (const pid_t pid : adopted())
      ::kill(pid, SIGKILL);
    ::poll(nullptr, 0, 1);
  }
}

}  // namespace holdfast::bench
