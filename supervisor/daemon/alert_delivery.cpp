// SPDX-License-Identifier: Apache-2.0
#include "supervisor/daemon/alert_delivery.hpp"

#include <utility>

namespace holdfast::supervisor::daemon {

namespace {

constexpr Duration kStuck = std::chrono::seconds(5);  // as /live has it

}  // namespace

AlertDelivery::AlertDelivery(const config::Config& config, config::Environ environment,
                             const Clock& clock, const Heartbeat& heartbeat, const log::Logger& log,
                             process::OwnChildren& children, alerts::Delivery::OnOutcome on_outcome)
    : environ_(std::move(environment)),
      transport_{environ_, alerts::without_secrets(environ_), children},
      database_(config.supervisor.state_dir / "alerts.db", log),
      outbox_(database_),
      delivery_(config.alert_receivers, outbox_, transport_, clock, log, std::move(on_outcome)),
      ping_(config.alert_ping, transport_, log,
            [&clock, &heartbeat] { return clock.mono() - heartbeat.last() <= kStuck; }),
      worker_([this](const std::stop_token& stop) { work(stop); }) {}

AlertDelivery::~AlertDelivery() {
  flush_and_stop({});
}

void AlertDelivery::configure(const config::Config& config) {
  post([this, receivers = config.alert_receivers, ping = config.alert_ping] {
    delivery_.configure(receivers);
    ping_.configure(ping);
  });
}

void AlertDelivery::test(std::optional<std::string> receiver, Tested done) {
  post([this, receiver = std::move(receiver), done = std::move(done)] {
    done(delivery_.test(receiver));
  });
}

void AlertDelivery::post(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  tasks_.push_back(std::move(task));
  changed_.notify_one();
}

void AlertDelivery::work(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (changed_.wait(lock, stop, [this] { return !tasks_.empty(); }) && !stop.stop_requested()) {
    const auto task = std::move(tasks_.front());
    tasks_.pop_front();
    lock.unlock();
    task();
    lock.lock();
  }
}

void AlertDelivery::flush_and_stop(MonoTime deadline) {
  ping_.stop();
  delivery_.flush_and_stop(deadline);
  worker_.request_stop();
  if (worker_.joinable()) worker_.join();
}

}  // namespace holdfast::supervisor::daemon
