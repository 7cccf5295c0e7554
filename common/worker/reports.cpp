// SPDX-License-Identifier: Apache-2.0
#include "common/worker/reports.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::worker {

namespace {

using namespace std::chrono_literals;

constexpr Duration kRetryEvery = 20ms;
constexpr std::uint32_t kTriesBeforeWarning = 100;  // 2 s
constexpr std::string_view kBeat = "WATCHDOG=1";
constexpr std::string_view kStatus = "STATUS=";

}  // namespace

Reports::Reports(boost::asio::io_context& io, const notify::Notifier& notifier,
                 const log::Logger& log)
    : notifier_(notifier), log_(log), timer_(io) {}

void Reports::watchdog() {
  send(std::string(kBeat));
}

void Reports::status(std::string_view text) {
  send(notify::Notifier::status_line(text));
}

void Reports::send(std::string state) {
  if (unsent_.empty() && notifier_.send(state)) return;
  keep(std::move(state));
  if (unsent_.size() == 1) retry_later();
}

// A second beat says nothing new, and only the last status is of interest: what waits is bounded.
void Reports::keep(std::string state) {
  if (state == kBeat || state.starts_with(kStatus)) {
    const std::string_view kind = state == kBeat ? kBeat : kStatus;
    std::erase_if(unsent_, [&](const std::string& other) { return other.starts_with(kind); });
  }
  unsent_.push_back(std::move(state));
}

void Reports::retry_later() {
  timer_.expires_after(kRetryEvery);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) retry();
  });
}

void Reports::retry() {
  while (!unsent_.empty()) {
    const auto sent = notifier_.send(unsent_.front());
    if (!sent) {
      if (++tries_ == kTriesBeforeWarning) {
        log_.warn("cannot report to the supervisor; trying on",
                  {{"report", unsent_.front()}, {"err", log::err_of(sent.error())}});
      }
      return retry_later();
    }
    unsent_.pop_front();
  }
  tries_ = 0;
}

}  // namespace holdfast::worker
