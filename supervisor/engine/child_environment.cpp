// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/child_environment.hpp"

#include "common/config/environment.hpp"
#include "common/log/redact.hpp"
#include "common/protocol/variables.hpp"
#include "common/text/glob.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace holdfast::supervisor {

namespace {

// The stack's own secrets, whatever they look like, with the names of the files that have them, and
// what anybody would take for a secret.
bool is_secret(const std::string& name, const std::string& value) {
  const std::vector<config::Variable>& known = config::known_variables();
  const bool ours = std::any_of(known.begin(), known.end(), [&](const config::Variable& variable) {
    return variable.secret && (name == variable.name || name == variable.name + "_FILE");
  });
  return ours || log::redact_value(name, value) != value;
}

bool inherits(const config::Program& program, const std::string& name) {
  return std::any_of(program.inherit.begin(), program.inherit.end(),
                     [&](const std::string& pattern) { return text::glob_match(pattern, name); });
}

}  // namespace

Environ child_environment(const Environ& own, const Environ& account,
                          const config::Program& program, const ChildProtocol& child) {
  Environ env = own;
  // Addressed to this process by whoever started it; a child would take it for its own.
  for (const protocol::Variable& variable : protocol::kVariables) {
    if (!protocol::is_inherited(variable)) env.erase(std::string(variable.name));
  }
  if (!child.own) {
    std::erase_if(env, [&](const auto& entry) {
      return is_secret(entry.first, entry.second) && !inherits(program, entry.first);
    });
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
