// SPDX-License-Identifier: Apache-2.0
#pragma once

// A whole stack under test: the real supervisor and its workers, with the test's configuration, in
// a directory of their own, on ports that the kernel chooses.

#include "common/http/client.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

#include <nlohmann/json.hpp>

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace holdfast::test {

// The directory of the binaries under test.
std::filesystem::path bin_dir();
// Whether they were built with a sanitizer: slower, larger, and with an allocator of their own.
bool sanitized();

class Stack {
 public:
  // `toml`: the test's configuration; directories, ports and the environment are added.
  // `command`: how the supervisor is started, if not by `holdfast run`. `runtime_dir`:
  // where its sockets are, if not in the test's own directory. `inherited`: descriptors that the
  // command inherits.
  explicit Stack(const std::string& toml, std::map<std::string, std::string> environment = {},
                 std::vector<std::string> command = {}, std::filesystem::path runtime_dir = {},
                 std::vector<int> inherited = {});

  // Waits until every slot of the required programs is ready; throws with the output if the
  // supervisor exits.
  void wait_ready(std::chrono::steady_clock::duration limit = std::chrono::seconds(60));

  Process& supervisor() { return *process_; }
  void start();  // again, after the supervisor ended
  std::filesystem::path file(const std::string& name) const { return dir_ / name; }
  std::filesystem::path runtime_dir() const {
    return runtime_dir_.empty() ? dir_ / "run" : runtime_dir_;
  }
  std::filesystem::path config_file() const { return dir_ / "holdfast.toml"; }
  void write_config(const std::string& toml);

  nlohmann::json status();  // GET /status; null if there is no answer
  nlohmann::json worker(const std::string& name);
  std::string state_of(const std::string& name) { return worker(name).value("state", ""); }
  pid_t pid_of(const std::string& name) { return worker(name).value("pid", 0); }
  // To the worker's process, once it has one.
  void signal(const std::string& name, int number);
  bool wait_state(const std::string& name, const std::string& state);
  // The last thousand events, oldest first.
  std::vector<nlohmann::json> events();
  // Waits for an event of this kind whose message contains `text`.
  bool wait_event(const std::string& kind, const std::string& text = "");
  // Sends SIGTERM until the supervisor takes it for a second request, not for the first once more.
  bool force_stop();
  // Waits for this text in the supervisor's output, which is written after its events.
  bool wait_logged(const std::string& text);

  // `holdfast ARGUMENTS...` against this stack.
  struct Answer {
    int exit_code = 0;
    std::string output;
  };
  Answer command(const std::vector<std::string>& arguments);
  std::map<std::string, std::string> environment() const;  // of that

  std::string api() { return "http://" + address_of("http"); }
  std::string address_of(const std::string& listener);
  http::Response get(const std::string& path);
  http::Response post_json(const std::string& path, const nlohmann::json& body,
                           const http::Headers& headers = {});
  // The aggregate on the status socket: of a worker that is late, what it said last.
  std::string metrics();
  // An aggregate for which every worker was asked after this call began, and answered in time.
  std::string fresh_metrics();
  // The sum of all series of this name whose labels contain `labels`.
  static double sum_of(const std::string& exposition, const std::string& name,
                       const std::string& labels = "");

 private:
  TempDir dir_;
  std::map<std::string, std::string> extra_;
  std::vector<std::string> command_;
  std::filesystem::path runtime_dir_;
  std::vector<int> inherited_;
  std::unique_ptr<Process> process_;
};

}  // namespace holdfast::test
