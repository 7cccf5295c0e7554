// SPDX-License-Identifier: Apache-2.0
#include "supervisor/daemon/alert_wiring.hpp"

#include "common/config/shutdown_shares.hpp"
#include "common/os/host_name.hpp"

namespace holdfast::supervisor::daemon {

namespace {

std::vector<alerts::Route> routes_of(const config::Config& config) {
  std::vector<alerts::Route> routes;
  for (const auto& [name, receiver] : config.alert_receivers) {
    routes.push_back(
        {name,
         [wanted = receiver](const alerts::Alert& alert) { return alerts::wants(wanted, alert); },
         alerts::groups_itself(receiver)});
  }
  return routes;
}

}  // namespace

AlertWiring::AlertWiring(const Clock& clock, const SnapshotCell& snapshots, EventLog& events,
                         const log::Logger& log, const config::Config& config)
    : clock_(clock), log_(log) {
  alerts::AlertThread::Parts parts{
      clock,
      snapshots,
      log,
      [this](const alerts::AlertStore::Work& work) { return delivery_->database().transact(work); },
      [this](alerts::Notification message) { delivery_->delivery().send(std::move(message)); },
      [this](const std::string& receiver, const std::string& notification) {
        return delivery_->delivery().holds(receiver, notification);
      },
      [this](const std::vector<alerts::Alert>& firing) {
        std::vector<alerts::AlertKey> keys;
        for (const alerts::Alert& alert : firing)
          keys.push_back(alert.key);
        delivery_->delivery().retain(keys);
      }};
  thread_ = std::make_unique<alerts::AlertThread>(std::move(parts), config, routes_of(config),
                                                  host_name());
  events.listen([this](const EventRecord& event) {
    if (event.kind == "shutdown_began") shutdown_began_ = clock_.mono().time_since_epoch().count();
    thread_->on_event(event);
  });
  auto marker = RunMarker::claim(config.supervisor.state_dir, clock.wall());
  if (marker) {
    marker_.emplace(std::move(*marker));
  } else {
    const bool shared = marker.error().kind == ErrorKind::Conflict;
    log.warn((shared ? "" : "whether the last run has shut down is not known: ") +
             marker.error().message);
  }
}

AlertWiring::~AlertWiring() = default;

void AlertWiring::connect(AlertDelivery& delivery) {
  delivery_ = &delivery;
}

void AlertWiring::on_outcome(const alerts::DeliveryOutcome& outcome) {
  thread_->on_outcome({outcome.receiver, outcome.notification,
                       outcome.kind == alerts::DeliveryOutcome::Kind::Delivered});
}

void AlertWiring::start() {
  thread_->start();
  if (!marker_ || marker_->unclean_end().empty()) return;
  log_.warn(marker_->unclean_end());
  thread_->on_unclean_restart(marker_->unclean_end());
}

void AlertWiring::configure(const config::Config& config) {
  delivery_->configure(config);
  thread_->configure(config, routes_of(config));
}

void AlertWiring::end(Duration shutdown_deadline) {
  const MonoTime now = clock_.mono();
  const std::int64_t began = shutdown_began_;
  const MonoTime deadline =
      config::alerts_deadline(began == 0 ? now : MonoTime(Duration(began)), now, shutdown_deadline);
  thread_->flush(deadline);
  delivery_->flush_and_stop(deadline);
  thread_->stop();  // it has heard what was delivered
  if (marker_) marker_->clear();
}

}  // namespace holdfast::supervisor::daemon
