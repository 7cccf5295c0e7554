// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/child_environment.hpp"

#include <array>

namespace holdfast::supervisor {

namespace {

// Addressed to this process by whoever started it; a child would mistake them for its own.
constexpr std::array kOurs{"NOTIFY_SOCKET",   "WATCHDOG_USEC",        "WATCHDOG_PID",
                           "LISTEN_FDS",      "LISTEN_PID",           "LISTEN_FDNAMES",
                           "MANAGERPID",      "INVOCATION_ID",        "JOURNAL_STREAM",
                           "HOLDFAST_WORKER", "HOLDFAST_INCARNATION", "HOLDFAST_PREDECESSOR"};

std::string_view trimmed(std::string_view text) {
  const auto first = text.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r") - first + 1);
}

bool is_name(std::string_view text) {
  if (text.empty() || (text[0] >= '0' && text[0] <= '9')) return false;
  for (const char c : text) {
    const bool ok =
        (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
    if (!ok) return false;
  }
  return true;
}

std::string_view unquoted(std::string_view value) {
  if (value.size() >= 2 && (value.front() == '"' || value.front() == '\'') &&
      value.back() == value.front()) {
    return value.substr(1, value.size() - 2);
  }
  return value;
}

}  // namespace

Result<Environ> parse_env_file(std::string_view text, std::string_view file_name) {
  Environ result;
  for (int number = 1; !text.empty(); ++number) {
    const auto end = text.find('\n');
    std::string_view line = trimmed(text.substr(0, end));
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = trimmed(line.substr(7));
    const auto equals = line.find('=');
    const std::string_view name = trimmed(line.substr(0, equals));
    if (equals == std::string_view::npos || !is_name(name)) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("{}:{}: expected NAME=VALUE", file_name, number));
    }
    result[std::string(name)] = unquoted(trimmed(line.substr(equals + 1)));
  }
  return result;
}

Environ child_environment(const Environ& own, const Environ& account, const Environ& from_file,
                          const config::Program& program, const ChildProtocol& protocol) {
  Environ env = own;
  for (const char* name : kOurs)
    env.erase(name);
  for (const auto* layer : {&account, &from_file, &program.environment}) {
    for (const auto& [name, value] : *layer)
      env[name] = value;
  }

  env["HOLDFAST_WORKER"] = protocol.worker;
  env["HOLDFAST_INCARNATION"] = std::to_string(protocol.incarnation);
  if (!protocol.predecessor.empty()) env["HOLDFAST_PREDECESSOR"] = protocol.predecessor;
  if (!protocol.config_file.empty()) env["HOLDFAST_CONFIG"] = protocol.config_file;
  if (!protocol.status_socket.empty()) env["HOLDFAST_STATUS_SOCKET"] = protocol.status_socket;
  if (!protocol.notify_socket.empty()) {
    env["NOTIFY_SOCKET"] = protocol.notify_socket;
    if (program.watchdog > Duration::zero()) {
      env["WATCHDOG_USEC"] = std::to_string(
          std::chrono::duration_cast<std::chrono::microseconds>(program.watchdog).count());
    }
  }
  if (!protocol.fd_names.empty()) {
    env["LISTEN_FDS"] = std::to_string(protocol.fd_names.size());
    std::string names;
    for (const std::string& name : protocol.fd_names) {
      if (!names.empty()) names += ':';
      names += name;
    }
    env["LISTEN_FDNAMES"] = names;
  }
  return env;
}

}  // namespace holdfast::supervisor
