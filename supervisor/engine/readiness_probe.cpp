// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/readiness_probe.hpp"

#include "common/http/client.hpp"

namespace holdfast::supervisor {

struct ReadinessProbe::Loop : std::enable_shared_from_this<Loop> {
  Loop(boost::asio::io_context& context, std::string target, Duration pause,
       std::function<void()> report)
      : io(context),
        timer(context),
        url(std::move(target)),
        interval(pause),
        ready(std::move(report)) {}

  void ask() {
    http::FetchOptions options;
    options.deadline = std::chrono::seconds(2);
    http::async_get(io, url, {}, options,
                    [self = shared_from_this()](Result<http::Response> answer) {
                      if (self->ended) return;
                      if (answer && answer->status >= 200 && answer->status < 300) {
                        self->ended = true;
                        self->ready();
                        return;
                      }
                      self->pause();
                    });
  }

  void pause() {
    timer.expires_after(interval);
    timer.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error && !self->ended) self->ask();
    });
  }

  boost::asio::io_context& io;
  boost::asio::steady_timer timer;
  std::string url;
  Duration interval;
  std::function<void()> ready;
  bool ended = false;
};

ReadinessProbe::ReadinessProbe(boost::asio::io_context& io, std::string url, Duration interval,
                               std::function<void()> ready)
    : loop_(std::make_shared<Loop>(io, std::move(url), interval, std::move(ready))) {
  loop_->ask();
}

ReadinessProbe::~ReadinessProbe() {
  loop_->ended = true;
  loop_->timer.cancel();
}

}  // namespace holdfast::supervisor
