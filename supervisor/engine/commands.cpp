// SPDX-License-Identifier: Apache-2.0
// Engine: what people and signals ask for.
#include "common/config/load.hpp"
#include "supervisor/engine/engine.hpp"
#include "supervisor/engine/next_start.hpp"
#include "supervisor/engine/readiness_probe.hpp"

#include <boost/asio/post.hpp>
#include <fmt/ranges.h>

namespace holdfast::supervisor {

void Engine::command(core::CommandKind kind, std::string target, std::uint32_t count, Done done) {
  boost::asio::post(
      parts_.io, [this, kind, target = std::move(target), count, done = std::move(done)]() mutable {
        const std::uint64_t request = ++next_request_;
        waiting_.emplace(request, std::move(done));
        feed(core::Command{request, kind, std::move(target), count});
      });
}

void Engine::ready_line_seen(const core::ProcessId& process) {
  boost::asio::post(parts_.io, [this, process] {
    feed(core::Notified{process, core::Notice::Ready});
  });
}

void Engine::reload(Done done) {
  boost::asio::post(parts_.io,
                    [this, done = std::move(done)]() mutable { apply_reload(std::move(done)); });
}

void Engine::set_log_level(log::Level level) {
  boost::asio::post(parts_.io, [this, level] { parts_.log.set_level(level); });
}

void Engine::on_signal(int signal) {
  switch (signal) {
    case SIGTERM:
    case SIGINT:
    case SIGQUIT: feed(core::ShutdownRequested{signal}); return;
    case SIGHUP: apply_reload([](const Outcome&) {}); return;
    case SIGUSR1: parts_.relay.reopen(); return;
    case SIGCHLD: reaper_.reap(); return;
    default:
      parts_.log.info(fmt::format("signal {} means nothing to the supervisor", signal));
      return;
  }
}

// Everything is read and checked before anything is touched; on an error all runs on as before.
void Engine::apply_reload(Done done) {
  if (fleet_.view().draining) {
    parts_.log.info("a reload is ignored: shutting down");
    return done({false, "shutting down"});
  }
  const auto refuse = [&](const std::string& why) {
    last_reload_ok_ = false;
    record("reload_failed", "the new configuration was refused, the old one stays: " + why,
           log::Level::Error);
    publish_now();
    done({false, why});
  };

  std::optional<std::filesystem::path> file;
  if (!config_.source.empty()) file = config_.source;
  auto loaded = config::load(file, environ_);
  if (!loaded) return refuse(config::format(loaded.error()));
  PreparedPrograms prepared = prepare_programs(loaded->config.programs, environ_);
  if (!prepared.problems.empty()) {
    std::string why;
    for (const std::string& problem : prepared.problems)
      why += (why.empty() ? "" : "\n") + problem;
    return refuse(why);
  }
  if (const auto changed = parts_.listeners.apply(loaded->config.listen); !changed) {
    return refuse(changed.error().message);
  }

  const std::vector<std::string> later = keys_for_next_start(config_, loaded->config);

  upward_.reloading(parts_.clock.mono());
  config_ = std::move(loaded->config);
  spawner_.use(std::move(prepared));
  if (const auto open = let_users_reach_us(); !open) parts_.log.error(open.error().message);
  for (const config::Program& program : config_.programs)
    parts_.metrics.announce(program.name);
  parts_.log.set_level(config_.log.level);
  last_reload_ok_ = true;
  last_reload_at_ = parts_.clock.wall();

  const std::uint64_t request = ++next_request_;
  waiting_.emplace(request, [this, later, done = std::move(done)](Outcome outcome) {
    if (!later.empty()) {
      outcome.message += fmt::format("\n~ at the next start: {}", fmt::join(later, ", "));
    }
    record("reloaded", outcome.message, outcome.ok ? log::Level::Info : log::Level::Warn);
    done(outcome);
  });
  feed(core::Reload{request, config_.supervisor, config_.programs});
  upward_.reloaded();
  publish_now();
}

}  // namespace holdfast::supervisor
