// SPDX-License-Identifier: Apache-2.0
#pragma once

// NotifySocket: the supervisor's end of NOTIFY_SOCKET. A datagram is accepted only if its sender,
// as the kernel reports it (SCM_CREDENTIALS), is one of our processes. That protects the socket, so
// its mode may let other users write when a program runs as one of them.
//
// A sender that floods is read from at a limited rate: it waits, or gets EAGAIN, and the loop
// turns. Descriptors are refused; an older kernel delivers them, and a thread closes them, for
// which the socket is not read while too many wait for that.
//
// Threads: the io_context's. Owns the socket and its file.

#include "common/base/result.hpp"
#include "common/os/file_id.hpp"
#include "common/os/plain_file.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/sockets/fd_closer.hpp"
#include "supervisor/sockets/notify_message.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <list>
#include <memory>
#include <optional>
#include <utility>

namespace holdfast::supervisor::sockets {

struct NotifyCounters {
  std::uint64_t messages = 0;  // accepted
  std::uint64_t foreign = 0;   // sent by a process that is not a worker
  std::uint64_t garbage = 0;   // too long, with NULs, or without a key
};

class NotifySocket {
 public:
  using Lookup = std::function<std::optional<core::ProcessId>(pid_t)>;
  using OnMessage = std::function<void(const core::ProcessId&, const NotifyMessage&)>;
  using OnForeign = std::function<void(pid_t, const NotifyMessage&)>;

  static constexpr mode_t kOwnerOnly = 0600;
  static constexpr mode_t kAnyUser = 0622;  // connect(2) and send(2) need write permission

  // Replaces a file that an earlier supervisor left at `path`. `lookup`: whose messages those of a
  // sender are; nothing if they do not count. `on_foreign` is told of the latter.
  static Result<std::unique_ptr<NotifySocket>> open(boost::asio::io_context& io,
                                                    const std::filesystem::path& path, mode_t mode,
                                                    Lookup lookup, OnMessage on_message,
                                                    OnForeign on_foreign = {});
  NotifySocket(boost::asio::io_context& io, int socket, std::filesystem::path path, mode_t mode,
               Lookup lookup, OnMessage on_message, OnForeign on_foreign);  // see open()
  ~NotifySocket();

  // Delivers what is pending. Call it before acting on a process's exit, while `lookup` still knows
  // its pid: its last messages were sent before it ended, so they are in the queue by then.
  void drain_now();

  // For programs that run as another user.
  Result<void> let_others_send();
  // Gives the file to an account, which alone may then send.
  Result<void> give_to(uid_t user, gid_t group);

  // If the file is no longer the one that was bound, binds another at the same path. The former
  // socket stays readable for those who have connected to it. Returns whether there was need.
  Result<bool> restore();

  const std::filesystem::path& path() const { return path_; }
  const NotifyCounters& counters() const { return counters_; }

 private:
  using Descriptor = boost::asio::posix::stream_descriptor;

  void watch(const std::shared_ptr<Descriptor>& socket);
  void pause(const std::shared_ptr<Descriptor>& socket);
  bool read_up_to(Descriptor& socket, int count);  // whether there may be more
  bool read_one(Descriptor& socket);
  Result<HeldFile> hold_file() const;  // our own, whatever is at the path by now

  boost::asio::io_context& io_;
  std::list<std::shared_ptr<Descriptor>> sockets_;  // the newest first
  std::filesystem::path path_;
  mode_t mode_;
  std::optional<std::pair<uid_t, gid_t>> owner_;  // nothing: ours
  std::optional<FileId> file_;
  Lookup lookup_;
  OnMessage on_message_;
  OnForeign on_foreign_;
  NotifyCounters counters_;
  FdCloser closer_;
  std::shared_ptr<char> alive_ = std::make_shared<char>();
};

}  // namespace holdfast::supervisor::sockets
