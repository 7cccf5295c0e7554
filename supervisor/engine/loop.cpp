// SPDX-License-Identifier: Apache-2.0
// Engine: the loop itself.
#include "common/os/exit_codes.hpp"
#include "supervisor/engine/engine.hpp"
#include "supervisor/engine/readiness_probe.hpp"

#include <unistd.h>

#include <algorithm>

namespace holdfast::supervisor {

namespace {

using namespace std::chrono_literals;

constexpr Duration kTurn = 1s;
// A storm of changes is published as one picture; a reader is this late at most.
constexpr Duration kPublishPause = 20ms;

}  // namespace

void Engine::feed(core::Event event) {
  queue_.push_back(std::move(event));
  if (feeding_) return;  // performing an action made a new event: the outer call takes it
  feeding_ = true;
  while (!queue_.empty()) {
    const core::Event next = std::move(queue_.front());
    queue_.pop_front();
    for (const core::Action& action : fleet_.step(next, parts_.clock.mono()))
      perform(action);
  }
  feeding_ = false;
  publish();
}

void Engine::perform(const core::Action& action) {
  std::visit(
      [this](const auto& a) {
        using A = std::decay_t<decltype(a)>;
        if constexpr (std::is_same_v<A, core::Spawn>) {
          spawn(a);
        } else if constexpr (std::is_same_v<A, core::Signal>) {
          signal(a);
        } else if constexpr (std::is_same_v<A, core::ArmTimer>) {
          arm(a.at);
        } else if constexpr (std::is_same_v<A, core::Report>) {
          report(a);
        } else if constexpr (std::is_same_v<A, core::Reply>) {
          // Whoever asks for the status after this answer must see what the answer says.
          if (fleet_.revision() != published_revision_) publish_now();
          if (auto waiting = waiting_.extract(a.request)) waiting.mapped()({a.ok, a.message});
        } else if constexpr (std::is_same_v<A, core::BeginDrain>) {
          publish_now();
          upward_.stopping();
          // Nobody accepts for us any more. Left open, it would let clients connect and wait, only
          // to be reset at our exit; closed, they are refused as soon as the last worker has gone.
          parts_.listeners.close_opened();
        } else if constexpr (std::is_same_v<A, core::Finish>) {
          exit_code_ = a.exit_code;
          parts_.io.stop();
        }
      },
      action);
}

void Engine::arm(MonoTime at) {
  core_timer_.expires_at(at);
  core_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) feed(core::Tick{});
  });
}

void Engine::turn() {
  const MonoTime now = parts_.clock.mono();
  parts_.metrics.observe_loop_lag(std::max(Duration::zero(), now - next_turn_));
  parts_.heartbeat.stamp(now);
  upward_.turned(now);
  parts_.metrics.set_ignored_notifications("foreign", notify_->counters().foreign);
  parts_.metrics.set_ignored_notifications("garbage", notify_->counters().garbage);
  next_turn_ = now + kTurn;
  turn_timer_.expires_at(next_turn_);
  turn_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) turn();
  });
}

void Engine::publish() {
  if (fleet_.revision() == published_revision_ || publish_armed_) return;
  const MonoTime earliest = published_at_ + kPublishPause;
  if (parts_.clock.mono() >= earliest) {
    publish_now();
    return;
  }
  publish_armed_ = true;
  publish_timer_.expires_at(earliest);
  publish_timer_.async_wait([this](const boost::system::error_code& error) {
    publish_armed_ = false;
    if (!error) publish_now();
  });
}

void Engine::publish_now() {
  auto snapshot = std::make_shared<FleetSnapshot>();
  snapshot->view = fleet_.view();
  snapshot->taken_at = parts_.clock.mono();
  snapshot->taken_at_wall = parts_.clock.wall();
  snapshot->started_at = started_at_;
  snapshot->started_at_wall = started_at_wall_;
  snapshot->pid = ::getpid();
  snapshot->listeners = addresses();
  snapshot->last_reload_ok = last_reload_ok_;
  snapshot->last_reload_at = last_reload_at_;
  published_at_ = snapshot->taken_at;
  published_revision_ = fleet_.revision();
  upward_.fleet_changed(snapshot->view);
  const bool ready = snapshot->view.ready;
  parts_.snapshots.store(std::move(snapshot));
  if (!ready && was_ready_) not_ready_since_ = published_at_;
  if (ready && !std::exchange(was_ready_, ready)) announce_ready();
  was_ready_ = ready;
}

int Engine::run() {
  started_at_ = parts_.clock.mono();
  started_at_wall_ = parts_.clock.wall();
  not_ready_since_ = started_at_;
  last_reload_at_ = started_at_wall_;
  next_turn_ = started_at_;
  turn();
  feeding_ = true;  // events made by the first actions wait until all of them are performed
  for (const core::Action& action : fleet_.begin(started_at_))
    perform(action);
  feeding_ = false;
  feed(core::Tick{});
  parts_.io.run();
  return exit_code_.value_or(exit_code::kSoftware);
}

}  // namespace holdfast::supervisor
