// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/guardian_watch.hpp"

#include "common/os/proc.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <utility>

namespace holdfast::supervisor::process {

namespace {

// One that cannot live is not started all the time.
constexpr Duration kBeforeReplacement = std::chrono::milliseconds(200);

}  // namespace

GuardianWatch::GuardianWatch(boost::asio::io_context& io, std::string instance, Duration grace,
                             Tell tell)
    : io_(io), instance_(std::move(instance)), grace_(grace), tell_(std::move(tell)), timer_(io) {}

void GuardianWatch::start() {
  end_.reset();
  guardian_.reset();
  auto started = Guardian::start(instance_, grace_);
  if (!started) {
    tell_("no guardian: if this supervisor is killed, its workers keep running: " +
          started.error().message);
    return;
  }
  guardian_.emplace(std::move(*started));
  watch();
}

void GuardianWatch::watch() {
  const int copy = ::fcntl(guardian_->ended(), F_DUPFD_CLOEXEC, 0);
  if (copy < 0) return;  // it guards, and nobody will notice if it ends
  end_.emplace(io_, copy);
  end_->async_wait(boost::asio::posix::stream_descriptor::wait_read,
                   [this](const boost::system::error_code& error) {
                     if (error) return;
                     tell_("the guardian was killed: it is replaced");
                     replace_later();
                   });
}

void GuardianWatch::replace_later() {
  end_.reset();
  timer_.expires_after(kBeforeReplacement);
  timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) start();
  });
}

bool GuardianWatch::is_child() const {
  const auto stat = guardian_ ? read_process_stat(guardian_->pid()) : Result<ProcessStat>();
  return stat && stat->parent == ::getpid();
}

void GuardianWatch::dismiss() {
  timer_.cancel();
  end_.reset();
  if (guardian_) guardian_->dismiss();
  guardian_.reset();
}

}  // namespace holdfast::supervisor::process
