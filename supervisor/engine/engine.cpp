// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/engine.hpp"

#include "supervisor/engine/readiness_probe.hpp"

#include <unistd.h>

namespace holdfast::supervisor {

namespace {

// The seed of the back-off's jitter: logged, so that a run can be told again.
std::uint64_t seed_from(const Clock& clock) {
  return static_cast<std::uint64_t>(clock.wall().time_since_epoch().count()) ^
         static_cast<std::uint64_t>(::getpid());
}

bool any_other_user(const config::Config& config) {
  for (const config::Program& program : config.programs) {
    if (!program.user.empty()) return true;
  }
  return false;
}

}  // namespace

Engine::Engine(const EngineParts& parts, config::Config config, PreparedPrograms prepared,
               Environ own_environ, bool is_pid1)
    : parts_(parts),
      config_(std::move(config)),
      environ_(std::move(own_environ)),
      fleet_(config_.supervisor, config_.programs, seed_from(parts.clock), is_pid1),
      spawner_(parts.listeners, parts.relay, parts.runtime_dir, environ_, parts.instance,
               std::move(prepared),
               config_.source.empty() ? std::string()
                                      : std::filesystem::absolute(config_.source).native()),
      upward_(
          notify::Notifier::from_environment(environ_, ::getpid()).value_or(notify::Notifier())),
      reaper_(
          parts.io, [this](pid_t pid) { return by_pid_.contains(pid); },
          [this](pid_t, const core::ExitStatus&) { parts_.metrics.count_orphan(1); }),
      core_timer_(parts.io),
      turn_timer_(parts.io),
      publish_timer_(parts.io) {}

Engine::~Engine() = default;

Result<void> Engine::open() {
  HOLDFAST_TRY(process::Reaper::become_subreaper());
  for (const config::Program& program : config_.programs)
    parts_.metrics.announce(program.name);
  HOLDFAST_TRY_ASSIGN(
      notify_, sockets::NotifySocket::open(
                   parts_.io, parts_.runtime_dir.notify_socket(), sockets::NotifySocket::kOwnerOnly,
                   [this](pid_t pid) -> std::optional<core::ProcessId> {
                     const auto it = by_pid_.find(pid);
                     if (it == by_pid_.end()) return std::nullopt;
                     return it->second;
                   },
                   [this](const core::ProcessId& process, const sockets::NotifyMessage& message) {
                     on_notice(process, message);
                   }));
  HOLDFAST_TRY_ASSIGN(signals_, process::SignalSource::open(
                                    parts_.io, [this](int signal, pid_t) { on_signal(signal); }));
  return let_users_reach_us();
}

// The kernel vouches for each sender, so the modes may be wide; they are only if they need to be.
Result<void> Engine::let_users_reach_us() {
  if (!any_other_user(config_)) return {};
  HOLDFAST_TRY(parts_.runtime_dir.let_others_pass());
  return notify_->let_others_send();
}

std::vector<std::pair<std::string, std::string>> Engine::addresses() const {
  std::vector<std::pair<std::string, std::string>> result;
  for (const auto& [name, listen] : config_.listen) {
    // While stopping there are none.
    if (parts_.listeners.find(name) >= 0) {
      result.emplace_back(name, parts_.listeners.address(name));
    }
  }
  if (!parts_.status_address.empty()) result.emplace_back("status", parts_.status_address);
  return result;
}

}  // namespace holdfast::supervisor
