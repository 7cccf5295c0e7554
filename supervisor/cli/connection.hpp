// SPDX-License-Identifier: Apache-2.0
#pragma once

// Connection: how the commands ask the running supervisor, and what they print when they cannot.
// Threads: one; calls block.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/http/client.hpp"
#include "common/protocol/names.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace holdfast::supervisor::cli {

class Connection {
 public:
  explicit Connection(const std::filesystem::path& runtime_dir)
      : socket_(runtime_dir / protocol::kAdminSocketFile) {}

  // Unavailable, PermissionDenied: the message says what to do about it.
  Result<http::Response> ask(const std::string& method, const std::string& target,
                             Duration deadline = std::chrono::seconds(10)) const;

 private:
  std::filesystem::path socket_;
};

// Programs and workers, as commands take them; nothing if the supervisor cannot be asked.
std::vector<std::string> fleet_names(const Connection& connection);

std::string query_escaped(std::string_view text);

void print(const std::string& text);     // to standard output, at once
void complain(const std::string& text);  // to standard error
int unreachable(const Error& error);     // complains; the exit code

}  // namespace holdfast::supervisor::cli
