// SPDX-License-Identifier: Apache-2.0
#include "common/http/exchange.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>

namespace holdfast::http {

void Mailbox::post(std::uint64_t request_number, Answer answer) {
  // While the receiver is set the io_context exists; the lock keeps it so during the post.
  const std::lock_guard lock(mutex_);
  if (receiver_ == nullptr) return;
  boost::asio::post(
      io_, [self = shared_from_this(), request_number, answer = std::move(answer)]() mutable {
        self->deliver_now(request_number, std::move(answer));
      });
}

void Mailbox::deliver_now(std::uint64_t request_number, Answer answer) {
  if (receiver_ != nullptr) receiver_->answer(request_number, std::move(answer));
}

void Mailbox::close() {
  const std::lock_guard lock(mutex_);
  receiver_ = nullptr;
}

Exchange::Exchange(std::shared_ptr<Mailbox> mailbox, std::uint64_t request_number)
    : mailbox_(std::move(mailbox)), request_number_(request_number) {}

Exchange::~Exchange() {
  if (settled_) return;
  try {
    refuse({500, "The request was not answered."});
  } catch (const std::exception&) {
    // Out of memory: the handler timeout will refuse the request.
  }
}

void Exchange::settle(Answer answer) {
  if (settled_.exchange(true)) return;
  if (std::this_thread::get_id() == thread_ && handler_is_running_) {
    mailbox_->deliver_now(request_number_, std::move(answer));
  } else {
    mailbox_->post(request_number_, std::move(answer));
  }
}

}  // namespace holdfast::http
