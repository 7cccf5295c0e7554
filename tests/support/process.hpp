// SPDX-License-Identifier: Apache-2.0
#pragma once

// A real process under test: its output goes to a file, its end can be waited for, and it is
// killed with its process group when the test forgets it.

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::test {

struct Ended {
  bool signaled = false;
  int value = 0;  // exit code or signal
};

class Process {
 public:
  // `environment` is added to this process's own; an empty value removes the variable.
  Process(const std::vector<std::string>& argv,
          const std::map<std::string, std::string>& environment,
          const std::filesystem::path& output);
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  std::optional<Ended> poll();
  // Throws if it has not ended by then.
  Ended wait(std::chrono::steady_clock::duration limit = std::chrono::seconds(60));
  std::string output() const;

 private:
  pid_t pid_ = -1;
  std::optional<Ended> ended_;
  std::filesystem::path output_;
};

// Whether a process of this pid exists and is no zombie.
bool alive(pid_t pid);
// The pids whose environment holds this entry, "NAME=value".
std::vector<pid_t> pids_with_environment(const std::string& entry);

}  // namespace holdfast::test
