// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/child_environment.hpp"

#include "common/protocol/variables.hpp"

#include <fmt/ranges.h>

namespace holdfast::supervisor {

Environ child_environment(const Environ& own, const Environ& account,
                          const config::Program& program, const ChildProtocol& child) {
  Environ env = own;
  // Addressed to this process by whoever started it; a child would take it for its own.
  for (const protocol::Variable& variable : protocol::kVariables) {
    if (!protocol::is_inherited(variable)) env.erase(std::string(variable.name));
  }
  for (const auto* layer : {&account, &program.env_file_values, &program.environment}) {
    for (const auto& [name, value] : *layer) {
      // Refused when the configuration was loaded; this holds whoever built the layer.
      if (!protocol::is_reserved(name)) env[name] = value;
    }
  }

  const auto set = [&env](const char* name, const std::string& value) {
    if (!value.empty()) env[name] = value;
  };
  set(protocol::kWorker, child.worker);
  set(protocol::kSlot, std::to_string(child.slot));
  if (child.incarnation > 0) set(protocol::kIncarnation, std::to_string(child.incarnation));
  set(protocol::kInstance, child.instance);
  set(protocol::kPredecessor, child.predecessor);
  set(protocol::kConfig, child.config_file);
  set(protocol::kStatusSocket, child.status_socket);
  set(protocol::kNotifySocket, child.notify_socket);
  const bool beats = program.watchdog_source == config::WatchdogSource::Notify;
  if (!child.notify_socket.empty() && beats && program.watchdog > Duration::zero()) {
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
