// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/admin_client.hpp"

#include "common/command_line/output.hpp"
#include "common/os/exit_codes.hpp"
#include "common/protocol/names.hpp"
#include "common/text/percent.hpp"
#include "common/text/terminal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <set>

namespace holdfast::supervisor::cli {

Result<http::Response> AdminClient::ask(const std::string& method, const std::string& target,
                                        Duration deadline, const std::string& body) const {
  if (::access(socket_.c_str(), F_OK) != 0 && errno == ENOENT) {
    return fail(ErrorKind::Unavailable,
                fmt::format("the supervisor is not running: no socket at {} (check --config and "
                            "HOLDFAST_RUNTIME_DIR)",
                            socket_.native()));
  }
  if (::access(socket_.c_str(), W_OK) != 0) {
    return fail(ErrorKind::PermissionDenied,
                fmt::format("permission denied on {}: run as its owner or root, or join its group",
                            socket_.native()));
  }
  http::FetchOptions options;
  options.deadline = deadline;
  options.max_response_bytes = 64u << 20;
  auto answer =
      http::fetch(method, fmt::format("unix:{}:{}", socket_.native(), target), {}, body, options);
  if (!answer) {
    return fail(ErrorKind::Unavailable,
                fmt::format("no answer on {}: {}", socket_.native(), answer.error().message));
  }
  return answer;
}

std::vector<std::string> fleet_names(const AdminClient& connection) {
  std::vector<std::string> names;
  std::set<std::string> groups;
  const auto answer = connection.ask("GET", protocol::kStatusPath);
  if (!answer) return names;
  const auto status = nlohmann::json::parse(answer->body, nullptr, false);
  if (!status.is_object()) return names;
  for (const auto& program : status.value("programs", nlohmann::json::array())) {
    names.push_back(program.value("name", ""));
    for (const auto& group : program.value("groups", nlohmann::json::array()))
      groups.insert("group:" + group.get<std::string>());
    for (const auto& worker : program.value("workers", nlohmann::json::array()))
      names.push_back(worker.value("name", ""));
  }
  names.insert(names.end(), groups.begin(), groups.end());
  if (!names.empty()) names.emplace_back("all");
  return names;
}

std::string query_escaped(std::string_view text) {
  std::string out;
  text::append_percent_encoded(out, text);
  return out;
}

std::string names_query(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names)
    out += fmt::format("{}name={}", out.empty() ? '?' : '&', query_escaped(name));
  return out;
}

std::string message_of(const http::Response& answer) {
  const auto body = nlohmann::json::parse(answer.body, nullptr, false);
  // It may quote what a worker has written.
  if (!body.is_object()) return text::for_terminal(answer.body);
  return text::for_terminal(body.value("message", body.value("detail", "")));
}

int refused(const http::Response& answer) {
  complain(message_of(answer));
  return answer.status == 422 || answer.status == 404 ? exit_code::kUsage : exit_code::kFailed;
}

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void complain(const std::string& text) {
  command_line::complain("holdfast: " + text);
}

int unreachable(const Error& error) {
  complain(error.message);
  return exit_code::kUnreachable;
}

}  // namespace holdfast::supervisor::cli
