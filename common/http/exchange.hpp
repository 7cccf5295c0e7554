// SPDX-License-Identifier: Apache-2.0
#pragma once

// How an answer gets from a handler, on any thread, back to its connection on the io_context's
// thread. Either of the two may outlive the other.

#include "common/http/message.hpp"
#include "common/http/refusal.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <variant>

namespace boost::asio {
class io_context;
}

namespace holdfast::http {

// Go on: read the body, which counts as this client's.
struct Accepted {
  std::string client;
};

using Answer = std::variant<Response, Refusal, Accepted>;

// io_context's thread only.
class AnswerReceiver {
 public:
  virtual ~AnswerReceiver() = default;
  virtual void answer(std::uint64_t request_number, Answer answer) = 0;
};

// One per connection. Owned by the connection and by every exchange that has not ended.
class Mailbox : public std::enable_shared_from_this<Mailbox> {
 public:
  Mailbox(boost::asio::io_context& io, AnswerReceiver& receiver) : io_(io), receiver_(&receiver) {}

  // Any thread. Delivered later on the io_context's thread; dropped once closed.
  void post(std::uint64_t request_number, Answer answer);
  void deliver_now(std::uint64_t request_number, Answer answer);  // io_context's thread
  void close();  // io_context's thread, before the receiver or the io_context goes away

 private:
  boost::asio::io_context& io_;
  std::mutex mutex_;
  AnswerReceiver* receiver_;  // written under the mutex, on the io_context's thread only
};

// One per call of a handler or gate, shared by the copies of its Responder. If the last copy is
// dropped without an answer, the request is refused with 500.
class Exchange {
 public:
  Exchange(std::shared_ptr<Mailbox> mailbox, std::uint64_t request_number);
  ~Exchange();
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  void respond(Response response) { settle(std::move(response)); }
  void refuse(Refusal refusal) { settle(std::move(refusal)); }
  void accept(std::string client) { settle(Accepted{std::move(client)}); }

  // The handler has returned: from now on answers go through the event loop. Until then an answer
  // on the handler's own thread is delivered directly, which makes quick handlers cheap.
  void handler_returned() { handler_is_running_ = false; }

 private:
  void settle(Answer answer);

  const std::shared_ptr<Mailbox> mailbox_;
  const std::uint64_t request_number_;
  const std::thread::id thread_ = std::this_thread::get_id();
  bool handler_is_running_ = true;  // touched on thread_ only
  std::atomic<bool> settled_{false};
};

}  // namespace holdfast::http
