// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/dead_man_ping.hpp"

#include "common/log/redact.hpp"
#include "supervisor/alerts/receivers/http_answer.hpp"

#include <pthread.h>

#include <utility>

namespace holdfast::supervisor::alerts {

DeadManPing::DeadManPing(const config::AlertPing& ping, const TransportParts& transport,
                         const log::Logger& log, std::function<bool()> is_alive)
    : transport_(transport), log_(log), is_alive_(std::move(is_alive)), ping_(ping) {
  thread_ = std::jthread([this](const std::stop_token& stop) {
    ::pthread_setname_np(::pthread_self(), "alert ping");
    run(stop);
  });
}

void DeadManPing::configure(const config::AlertPing& ping) {
  const std::lock_guard lock(mutex_);
  ping_ = ping;
  changed_.notify_all();
}

void DeadManPing::stop() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
}

void DeadManPing::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    const config::AlertPing ping = ping_;
    const auto is_new = [&] { return ping_ != ping; };
    if (ping.url.empty() && ping.url_file.empty()) {
      changed_.wait(lock, stop, is_new);
      continue;
    }
    lock.unlock();
    if (is_alive_()) ask(ping, stop);
    lock.lock();
    changed_.wait_for(lock, stop, ping.interval, is_new);
  }
}

// One line when it begins to fail, and one when it is well again.
void DeadManPing::ask(const config::AlertPing& ping, const std::stop_token& stop) {
  const auto answer = alerts::ping(ping, transport_, stop);
  if (stop.stop_requested()) return;
  const bool ok = answer && answer->status >= 200 && answer->status < 300;
  if (ok != failing_) return;
  failing_ = !ok;
  if (ok) {
    log_.info("alert ping: it is answered again");
  } else {
    log_.warn(fmt::format("alert ping: not answered: {}",
                          answer ? describe(*answer) : log::redact_text(answer.error().message)));
  }
}

}  // namespace holdfast::supervisor::alerts
