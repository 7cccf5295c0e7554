// SPDX-License-Identifier: Apache-2.0
#pragma once

// What these tests share: real pipes, directories and children. Waiting is for conditions, with a
// limit that only a hang reaches.

#include "common/os/fd.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/process/launcher.hpp"
#include "tests/support/catch.hpp"

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace holdfast::supervisor::process::test {

using namespace std::chrono_literals;
using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

inline constexpr Duration kHang = 60s;

struct Pipe {
  Pipe();
  Fd read;
  Fd write;
};

class TempDir {
 public:
  TempDir();
  ~TempDir();
  TempDir(const TempDir&) = delete;
  TempDir& operator=(const TempDir&) = delete;
  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

// Of the misbehaving child, with standard output into `output` (-1: /dev/null).
LaunchSpec misbehaving(const Arguments& arguments, int output = -1);

std::string read_to_end(int fd);
std::string read_line(int fd);  // without its newline
core::ExitStatus wait_for(const Launched& launched);

struct Finished {
  std::string output;
  core::ExitStatus status;
};
// Launches, reads all of its standard output, waits. `adjust` may change the spec.
Finished run(const Arguments& arguments, const std::function<void(LaunchSpec&)>& adjust = {});

// Runs the loop until the condition holds.
void run_until(boost::asio::io_context& io, const std::function<bool()>& condition);
// The same for what other threads or processes bring about.
void wait_until(const std::function<bool()>& condition);

// The result of `body` run in a fork of this process, for what would harm the tests' own process.
std::string in_fork(const std::function<std::string()>& body);

bool is_root();
bool process_exists(pid_t pid);  // zombies included
int count_zombies();             // among our children
std::vector<int> own_descriptors();

}  // namespace holdfast::supervisor::process::test
