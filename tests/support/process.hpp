// SPDX-License-Identifier: Apache-2.0
#pragma once

// The programs that tests and benchmarks start. Boost.Process v2 launches them (docs/adr/0006: the
// supervisor's own children are not launched this way, so the harness does not share the code that
// it tests).
//
// A Process leads a process group of its own, and that group is killed when the object is
// destroyed. If this process dies first, however it dies, the kernel sends the child SIGTERM: no
// supervisor outlives the benchmark or the test that started it. The kernel ties that signal to the
// thread that started the child, so that thread must live as long as the Process.

#include "common/os/fd.hpp"

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

  // As a shell reports it: 128 + signal if a signal killed the process.
  int shell_status() const { return signaled ? 128 + value : value; }
};

struct ProcessOptions {
  // Changes to this process's environment; an empty value removes the variable.
  std::map<std::string, std::string> environment = {};
  std::filesystem::path directory = {};  // to run in; empty: this process's
  // Standard input comes from this file; empty: /dev/null. With `input_pipe` it is a pipe that
  // stays open until close_input().
  std::filesystem::path input = {};
  bool input_pipe = false;
  // Standard output and standard error are appended to this file; empty: a pipe that read_line()
  // and read_to_end() read.
  std::filesystem::path output = {};
  // Descriptors of this process that the program inherits under the same numbers. All others above
  // 2 are closed.
  std::vector<int> inherited = {};
};

// kill(2) for one process. It throws for a pid that was not found: 0 and -1 would be the test's own
// process group, and everybody.
int signal_process(pid_t pid, int number);

class Process {
 public:
  // argv[0] is a path. Throws if the program cannot be executed.
  explicit Process(const std::vector<std::string>& argv, const ProcessOptions& options = {});
  Process(const std::vector<std::string>& argv, std::map<std::string, std::string> environment,
          std::filesystem::path output)
      : Process(argv, ProcessOptions{.environment = std::move(environment),
                                     .output = std::move(output)}) {}
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;
  ~Process();

  pid_t pid() const { return pid_; }
  void signal(int number) const;
  void kill();  // SIGKILL to the whole group, and reaps the leader

  std::optional<Ended> poll();
  // Throws if it has not ended by then.
  Ended wait(std::chrono::steady_clock::duration limit = std::chrono::seconds(60));

  // Everything written so far to the file given in the options.
  std::string output() const;
  // From the output pipe; both block. read_line() returns the line without its newline, or nothing
  // at the end.
  std::optional<std::string> read_line();
  std::string read_to_end();
  int output_pipe() const { return output_pipe_.get(); }
  void close_input() { input_pipe_.reset(); }

 private:
  pid_t pid_ = -1;
  Fd pidfd_;
  std::optional<Ended> ended_;
  std::filesystem::path output_;
  Fd input_pipe_;
  Fd output_pipe_;
  std::string unread_;
};

struct Finished {
  Ended ended;
  std::string output;
};
// Runs a program to its end and returns what it wrote to standard output and standard error.
Finished run_program(const std::vector<std::string>& argv, ProcessOptions options = {});

// The executable of this name in PATH; empty if there is none.
std::filesystem::path find_program(const std::string& name);

// Everything until the last writer closes.
std::string read_to_end(int fd);

// Whether a process with this pid exists and is not a zombie.
bool alive(pid_t pid);
// The pids whose environment holds this entry, "NAME=value".
std::vector<pid_t> pids_with_environment(const std::string& entry);

}  // namespace holdfast::test
