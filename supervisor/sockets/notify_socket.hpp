// SPDX-License-Identifier: Apache-2.0
#pragma once

// NotifySocket: the supervisor's end of NOTIFY_SOCKET. A datagram counts only if the kernel vouches
// (SCM_CREDENTIALS) that it was sent by a process which we run; that is what protects the socket,
// so its mode may let other users write when a program runs as one of them.
//
// Threads: the io_context's. Owns the socket and its file.

#include "common/base/result.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/sockets/notify_message.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>

namespace holdfast::supervisor::sockets {

struct NotifyCounters {
  std::uint64_t messages = 0;  // delivered
  std::uint64_t foreign = 0;   // from a process that is not a worker
  std::uint64_t garbage = 0;   // too long, NULs, no key
};

class NotifySocket {
 public:
  using Lookup = std::function<std::optional<core::ProcessId>(pid_t)>;
  using OnMessage = std::function<void(const core::ProcessId&, const NotifyMessage&)>;

  static constexpr mode_t kOwnerOnly = 0600;
  static constexpr mode_t kAnyUser = 0622;  // connect(2) and send(2) want write permission

  // Replaces a file that an earlier supervisor left at `path`.
  static Result<std::unique_ptr<NotifySocket>> open(boost::asio::io_context& io,
                                                    const std::filesystem::path& path, mode_t mode,
                                                    Lookup lookup, OnMessage on_message);
  NotifySocket(boost::asio::io_context& io, int socket, std::filesystem::path path, Lookup lookup,
               OnMessage on_message);  // see open()
  ~NotifySocket();

  // Delivers what is pending. To be called before a process's exit is acted upon, while lookup
  // still knows its pid: what it said last was sent before it ended, so it is in the queue by now.
  void drain_now();

  // For programs that run as another user.
  Result<void> let_others_send() const;

  const std::filesystem::path& path() const { return path_; }
  const NotifyCounters& counters() const { return counters_; }

 private:
  void watch();
  void read_up_to(int count);
  bool read_one();

  boost::asio::posix::stream_descriptor socket_;
  std::filesystem::path path_;
  Lookup lookup_;
  OnMessage on_message_;
  NotifyCounters counters_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace holdfast::supervisor::sockets
