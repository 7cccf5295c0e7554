// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/child_environment.hpp"

#include "common/text/ascii.hpp"

#include <array>

namespace holdfast::supervisor {

namespace {

// Addressed to this process by whoever started it; a child would take them for its own.
constexpr std::array kOurs{"NOTIFY_SOCKET",   "WATCHDOG_USEC",        "WATCHDOG_PID",
                           "LISTEN_FDS",      "LISTEN_PID",           "LISTEN_FDNAMES",
                           "MANAGERPID",      "INVOCATION_ID",        "JOURNAL_STREAM",
                           "HOLDFAST_WORKER", "HOLDFAST_INCARNATION", "HOLDFAST_PREDECESSOR"};

bool is_name(std::string_view text) {
  return !text.empty() && !text::is_digit(text[0]) &&
         text::all_of(text, [](char c) { return text::is_alphanumeric(c) || c == '_'; });
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
    std::string_view line = text::trim(text.substr(0, end), text::kWhitespace);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(end + 1);
    if (line.empty() || line.front() == '#') continue;
    if (line.starts_with("export ")) line = text::trim(line.substr(7), text::kWhitespace);
    const auto equals = line.find('=');
    const std::string_view name = text::trim(line.substr(0, equals), text::kWhitespace);
    if (equals == std::string_view::npos || !is_name(name)) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("{}:{}: expected NAME=VALUE", file_name, number));
    }
    result[std::string(name)] = unquoted(text::trim(line.substr(equals + 1), text::kWhitespace));
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
