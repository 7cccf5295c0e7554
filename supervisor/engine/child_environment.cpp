// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/child_environment.hpp"

#include "common/protocol/variables.hpp"
#include "common/text/ascii.hpp"

#include <fmt/ranges.h>

namespace holdfast::supervisor {

namespace {

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
    if (protocol::is_reserved(name)) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("{}:{}: '{}' is set by the supervisor for each worker; remove it",
                              file_name, number, name));
    }
    result[std::string(name)] = unquoted(text::trim(line.substr(equals + 1), text::kWhitespace));
  }
  return result;
}

Environ child_environment(const Environ& own, const Environ& account, const Environ& from_file,
                          const config::Program& program, const ChildProtocol& child) {
  Environ env = own;
  // Addressed to this process by whoever started it; a child would take it for its own.
  for (const protocol::Variable& variable : protocol::kVariables) {
    if (!protocol::is_inherited(variable)) env.erase(std::string(variable.name));
  }
  for (const auto* layer : {&account, &from_file, &program.environment}) {
    for (const auto& [name, value] : *layer) {
      // Refused when the configuration was loaded; this holds whoever built the layer.
      if (!protocol::is_reserved(name)) env[name] = value;
    }
  }

  const auto set = [&env](const char* name, const std::string& value) {
    if (!value.empty()) env[name] = value;
  };
  set(protocol::kWorker, child.worker);
  set(protocol::kIncarnation, std::to_string(child.incarnation));
  set(protocol::kInstance, child.instance);
  set(protocol::kPredecessor, child.predecessor);
  set(protocol::kConfig, child.config_file);
  set(protocol::kStatusSocket, child.status_socket);
  set(protocol::kNotifySocket, child.notify_socket);
  if (!child.notify_socket.empty() && program.watchdog > Duration::zero()) {
    const auto usec = std::chrono::duration_cast<std::chrono::microseconds>(program.watchdog);
    set(protocol::kWatchdogUsec, std::to_string(usec.count()));
  }
  if (!child.fd_names.empty()) {
    set(protocol::kListenFds, std::to_string(child.fd_names.size()));
    set(protocol::kListenFdNames, fmt::format("{}", fmt::join(child.fd_names, ":")));
  }
  return env;
}

}  // namespace holdfast::supervisor
