// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/readiness_probe.hpp"

#include "common/http/client.hpp"
#include "common/text/utf8.hpp"

#include <fmt/format.h>

#include <utility>

namespace holdfast::supervisor {

namespace {

constexpr std::chrono::seconds kDeadline{2};

bool is_success(const Result<http::Response>& answer) {
  return answer && answer->status >= 200 && answer->status < 300;
}

// "http://127.0.0.1:80/ answered 302 to '/login', and a probe follows no redirect"
std::string describe_failure(const std::string& url, const Result<http::Response>& answer) {
  if (!answer && answer.error().kind == ErrorKind::DeadlineExceeded) {
    return fmt::format("{}: no answer within {}s", url, kDeadline.count());
  }
  if (!answer) return answer.error().message;
  const std::string* location = answer->headers.find("Location");
  if (answer->status / 100 != 3 || location == nullptr) {
    return fmt::format("{} answered {}", url, answer->status);
  }
  return fmt::format("{} answered {} to '{}', and a probe follows no redirect", url, answer->status,
                     text::truncate_utf8(*location, 200));
}

}  // namespace

struct ReadinessProbe::Loop : std::enable_shared_from_this<Loop> {
  Loop(boost::asio::io_context& context, std::string target, Duration pause,
       std::function<void()> report_ready, std::function<void(std::string)> report_failed)
      : io(context),
        timer(context),
        url(std::move(target)),
        interval(pause),
        ready(std::move(report_ready)),
        failed(std::move(report_failed)) {}

  void ask() {
    http::FetchOptions options;
    options.deadline = kDeadline;
    options.head_only = true;
    http::async_get(io, url, {}, options,
                    [self = shared_from_this()](Result<http::Response> answer) {
                      if (self->ended) return;
                      if (is_success(answer)) {
                        self->ended = true;
                        self->ready();
                        return;
                      }
                      self->report(describe_failure(self->url, answer));
                      if (!self->ended) self->pause();
                    });
  }

  void report(std::string failure) {
    if (failure == last_failure) return;
    last_failure = failure;
    failed(std::move(failure));
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
  std::function<void(std::string)> failed;
  std::string last_failure;
  bool ended = false;
};

ReadinessProbe::ReadinessProbe(boost::asio::io_context& io, std::string url, Duration interval,
                               std::function<void()> ready, std::function<void(std::string)> failed)
    : loop_(std::make_shared<Loop>(io, std::move(url), interval, std::move(ready),
                                   std::move(failed))) {
  loop_->ask();
}

ReadinessProbe::~ReadinessProbe() {
  loop_->ended = true;
  loop_->timer.cancel();
}

}  // namespace holdfast::supervisor
