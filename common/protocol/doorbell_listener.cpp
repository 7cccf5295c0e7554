// SPDX-License-Identifier: Apache-2.0
#include "common/protocol/doorbell_listener.hpp"

#include <unistd.h>

#include <cstdint>
#include <utility>

namespace holdfast::protocol {

Result<DoorbellListener> DoorbellListener::open(boost::asio::io_context& io,
                                                std::optional<Fd> bell) {
  DoorbellListener listener;
  if (!bell) return listener;
  listener.bell_.emplace(io);
  boost::system::error_code error;
  listener.bell_->assign(bell->get(), error);
  // Another process may read between our wake-up and our read: that read must not block.
  if (!error) {
    bell->release();
    listener.bell_->native_non_blocking(true, error);
  }
  if (error) return fail_errno(error.value(), "watch the doorbell");
  return listener;
}

void DoorbellListener::wait(std::function<void()> rung) {
  if (!bell_) return;
  bell_->async_wait(boost::asio::posix::descriptor_base::wait_read,
                    [rung = std::move(rung)](const boost::system::error_code& error) {
                      if (!error) rung();
                    });
}

void DoorbellListener::clear() {
  std::uint64_t count = 0;
  // EAGAIN: another worker was faster. Any other error leaves nothing to do either.
  if (bell_ && ::read(bell_->native_handle(), &count, sizeof count) < 0) return;
}

void DoorbellListener::ring() {
  const std::uint64_t one = 1;
  // EAGAIN: the counter is full, so it rings anyway.
  if (bell_ && ::write(bell_->native_handle(), &one, sizeof one) < 0) return;
}

}  // namespace holdfast::protocol
