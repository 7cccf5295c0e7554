// SPDX-License-Identifier: Apache-2.0
#include "tests/support/failpoints.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>

namespace holdfast::test {

namespace {

constexpr int kNothing = -1;
std::atomic<int> armed_step = kNothing;

const std::string& fault_directory() {
  static const std::string path = [] {
    const char* value = std::getenv("HOLDFAST_TEST_FAILPOINTS");
    return std::string(value == nullptr ? "" : value);
  }();
  return path;
}

[[noreturn]] void die() {
  ::kill(::getpid(), SIGKILL);
  // The signal is delivered before kill returns only to a single-threaded process.
  for (;;)
    ::pause();
}

void act(const std::string& path) {
  std::string what;
  std::ifstream(path) >> what;
  if (::unlink(path.c_str()) != 0) return;  // another process was faster
  if (what == "kill") die();
  if (what == "stop") ::kill(::getpid(), SIGSTOP);
}

// One write for each line: several processes append to the file.
off_t append(const std::string& path, const std::string& line) {
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return 0;
  const bool written = ::write(fd, line.data(), line.size()) == static_cast<ssize_t>(line.size());
  const off_t size = written ? ::lseek(fd, 0, SEEK_CUR) : 0;
  ::close(fd);
  return size;
}

// How often this has been called for the document, by any process.
off_t runs_of(const std::string& name) {
  return append(fault_directory() + "/runs-" + name, ".");
}

void work_on(std::string_view content) {
  std::istringstream line(std::string(content.substr(0, content.find('\n'))));
  std::string storm;
  std::string name;
  std::string how;
  long number = 0;
  line >> storm >> name >> how >> number;
  if (storm != "storm") return;
  append(fault_directory() + "/work", std::to_string(::getpid()) + ' ' + name + '\n');
  if (how == "slow") std::this_thread::sleep_for(std::chrono::milliseconds(number));
  if (how == "flaky" && runs_of(name) <= number) throw std::runtime_error("a flaky run");
  if (how == "hopeless") throw std::runtime_error("a hopeless run");
  if (how == "poison") ::raise(SIGSEGV);
}

}  // namespace

void arm_failpoint(FaultStep step) {
  armed_step = static_cast<int>(step);
}

const char* name_of(FaultStep step) {
  switch (step) {
    case FaultStep::ClaimWritten: return "claim-written";
    case FaultStep::Claimed: return "claimed";
    case FaultStep::Working: return "working";
    case FaultStep::Computed: return "computed";
    case FaultStep::Staged: return "staged";
    case FaultStep::Fenced: return "fenced";
    case FaultStep::EffectsWritten: return "effects-written";
    case FaultStep::Stored: return "stored";
    case FaultStep::Committing: return "committing";
    case FaultStep::Committed: return "committed";
    case FaultStep::Checkpointing: return "checkpointing";
    case FaultStep::Renewed: return "renewed";
    case FaultStep::Rescuing: return "rescuing";
    case FaultStep::Released: return "released";
    case FaultStep::Replacing: return "replacing";
  }
  return "";
}

}  // namespace holdfast::test

namespace holdfast {

void failpoint(FaultStep step, std::string_view about) {
  if (test::armed_step == static_cast<int>(step)) test::die();
  if (test::fault_directory().empty()) return;
  const std::string path = test::fault_directory() + '/' + test::name_of(step);
  if (::access(path.c_str(), F_OK) == 0) test::act(path);
  if (step == FaultStep::Working) test::work_on(about);
}

}  // namespace holdfast
