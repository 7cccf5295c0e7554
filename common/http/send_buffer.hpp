// SPDX-License-Identifier: Apache-2.0
#pragma once

// SendBuffer: bytes on their way into a non-blocking socket: a head that it owns, whose memory is
// reused from one response to the next, and a body that it borrows.
// Threads: one at a time.

#include <cstddef>
#include <string>
#include <string_view>

namespace holdfast::http {

class SendBuffer {
 public:
  enum class Progress { Complete, Blocked, Failed };

  // Written by the caller before start(), and left alone until everything is sent.
  std::string& head() { return head_; }

  // Begins with the head; `body` follows it and must outlive the sending.
  void start(std::string_view body = {});

  // As much as the socket takes. Blocked: call again once the socket is writable.
  Progress send(int socket);

  std::size_t size() const { return head_.size() + body_.size(); }
  bool empty() const { return size() == 0; }
  std::size_t sent() const { return sent_; }
  bool complete() const { return sent_ == size(); }

 private:
  std::string head_;
  std::string_view body_;
  std::size_t sent_ = 0;
};

}  // namespace holdfast::http
