// SPDX-License-Identifier: Apache-2.0
#pragma once

// Children started by the supervisor's own launcher, and pipes to them. Programs that are not the
// subject of a test are started by process.hpp instead.

#include "common/os/fd.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/process/launcher.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/io_context.hpp>
#include <nlohmann/json.hpp>

#include <filesystem>
#include <functional>
#include <string>
#include <vector>

namespace holdfast::supervisor::process::test {

using namespace std::chrono_literals;
using holdfast::test::read_to_end;
using holdfast::test::TempDir;
using Json = nlohmann::json;
using Arguments = std::vector<std::string>;

inline constexpr Duration kHang = 60s;

struct Pipe {
  Pipe();
  Fd read;
  Fd write;
};

// For the misbehaving child, with standard output into `output` (-1: /dev/null).
LaunchSpec misbehaving(const Arguments& arguments, int output = -1);

std::string read_line(int fd);  // without its newline
core::ExitStatus wait_for(const Launched& launched);

struct Finished {
  std::string output;
  core::ExitStatus status;
};
// Launches, reads all of its standard output, waits. `adjust` may change the spec.
Finished run(const Arguments& arguments, const std::function<void(LaunchSpec&)>& adjust = {});

// Runs the loop until the condition holds; fails the test after kHang.
void run_until(boost::asio::io_context& io, const std::function<bool()>& condition);
// The same for a condition that other threads or processes bring about.
void wait_until(const std::function<bool()>& condition);

// The result of `body` run in a fork of this process. For what would change the test program
// itself: its signal handlers, its descriptors, its children. Such a body must be forked, not
// executed.
std::string in_fork(const std::function<std::string()>& body);

bool is_root();
bool process_exists(pid_t pid);  // zombies included
std::size_t count_zombies();     // among our children
std::vector<int> own_descriptors();

}  // namespace holdfast::supervisor::process::test
