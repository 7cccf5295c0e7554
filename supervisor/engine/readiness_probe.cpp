// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/readiness_probe.hpp"

#include <boost/asio/steady_timer.hpp>

#include <utility>

namespace holdfast::supervisor {

struct ReadinessProbe::Loop : std::enable_shared_from_this<Loop> {
  Loop(boost::asio::io_context& io, Ask how, Duration pause_between,
       std::function<void()> report_ready, std::function<void(std::string)> report_failed)
      : timer(io),
        ask(std::move(how)),
        interval(pause_between),
        ready(std::move(report_ready)),
        failed(std::move(report_failed)) {}

  void start() {
    probe = ask([this](const ProbeAnswer& answer) { take(answer); });
  }

  // The probe calls this while it may be destroyed, and with it all of us.
  void take(const ProbeAnswer& answer) {
    const auto self = shared_from_this();
    if (ended) return;
    if (answer.outcome == ProbeAnswer::Outcome::Yes) {
      ended = true;
      ready();
      return;
    }
    if (answer.reason != last_failure) {
      last_failure = answer.reason;
      failed(answer.reason);
    }
    if (!ended) pause();
  }

  void pause() {
    timer.expires_after(interval);
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && !self->ended) self->start();
    });
  }

  boost::asio::steady_timer timer;
  Ask ask;
  Duration interval;
  std::function<void()> ready;
  std::function<void(std::string)> failed;
  std::unique_ptr<Probe> probe;
  std::string last_failure;
  bool ended = false;
};

ReadinessProbe::ReadinessProbe(boost::asio::io_context& io, Ask ask, Duration interval,
                               std::function<void()> ready, std::function<void(std::string)> failed)
    : loop_(std::make_shared<Loop>(io, std::move(ask), interval, std::move(ready),
                                   std::move(failed))) {
  loop_->start();
}

ReadinessProbe::~ReadinessProbe() {
  loop_->ended = true;
  loop_->probe.reset();
  loop_->timer.cancel();
}

}  // namespace holdfast::supervisor
