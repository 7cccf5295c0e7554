// SPDX-License-Identifier: Apache-2.0
#pragma once

// AdminClient: sends requests to the running supervisor over its admin socket.
//
// Threads: one; calls block.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/http/client.hpp"
#include "common/protocol/names.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace holdfast::supervisor::cli {

class AdminClient {
 public:
  explicit AdminClient(const std::filesystem::path& runtime_dir)
      : socket_(runtime_dir / protocol::kAdminSocketFile) {}

  // Unavailable or PermissionDenied, with a message that says what to do.
  Result<http::Response> ask(const std::string& method, const std::string& target,
                             Duration deadline = std::chrono::seconds(10)) const;

 private:
  std::filesystem::path socket_;
};

// What commands may be about: programs, workers, groups and "all"; empty if the supervisor cannot
// be reached.
std::vector<std::string> fleet_names(const AdminClient& connection);

std::string query_escaped(std::string_view text);
// "?name=api&name=web.0"; empty if there are no names.
std::string names_query(const std::vector<std::string>& names);

// What an answer says to a person.
std::string message_of(const http::Response& answer);
// Complains of an answer that is not 200, and returns the exit code.
int refused(const http::Response& answer);

void print(const std::string& text);     // to standard output, unbuffered
void complain(const std::string& text);  // to standard error
int unreachable(const Error& error);     // complains and returns the exit code

}  // namespace holdfast::supervisor::cli
