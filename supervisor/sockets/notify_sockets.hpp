// SPDX-License-Identifier: Apache-2.0
#pragma once

// NotifySockets: where workers report. Each process that speaks sd_notify has a socket of its own,
// RUNTIME_DIR/notify/<worker>.<incarnation>, as its NOTIFY_SOCKET: a queue that one of them fills
// is full for nobody else. Only messages from the process itself, or from those that speak for it,
// count there. RUNTIME_DIR/notify.sock takes the messages of all, for helpers that have lost their
// environment; the kernel names the sender in either case (notify_socket.hpp).
//
// Threads: the io_context's. Owns the sockets and their files.

#include "common/base/result.hpp"
#include "supervisor/core/types.hpp"
#include "supervisor/process/launcher.hpp"
#include "supervisor/sockets/directory_changes.hpp"
#include "supervisor/sockets/notify_socket.hpp"

#include <boost/asio/io_context.hpp>

#include <cstddef>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>

namespace holdfast::supervisor::sockets {

class NotifySockets {
 public:
  // Opens the socket that all share, at `shared`; those of processes will be in `directory`. The
  // handlers are those of NotifySocket.
  static Result<std::unique_ptr<NotifySockets>> open(boost::asio::io_context& io,
                                                     const std::filesystem::path& shared,
                                                     std::filesystem::path directory,
                                                     NotifySocket::Lookup lookup,
                                                     NotifySocket::OnMessage on_message,
                                                     NotifySocket::OnForeign on_foreign);

  // The path of a new socket for this process, whose file belongs to the user that it runs as.
  Result<std::filesystem::path> add(const core::ProcessId& process, const std::string& worker,
                                    const std::optional<process::Identity>& identity);
  void remove(const core::ProcessId& process);

  // Delivers what the process has sent. Call it before acting on its exit (see NotifySocket).
  void drain_now(const core::ProcessId& process);

  // For programs that run as another user: the shared socket. A process's own is its user's.
  Result<void> let_others_send() { return shared_->let_others_send(); }

  // Makes again the files that have vanished. Returns how many.
  Result<std::size_t> restore();

  NotifyCounters counters() const;  // of all sockets that there ever were

 private:
  NotifySockets(boost::asio::io_context& io, std::filesystem::path directory,
                NotifySocket::Lookup lookup, NotifySocket::OnMessage on_message,
                NotifySocket::OnForeign on_foreign);

  boost::asio::io_context& io_;
  std::filesystem::path directory_;
  DirectoryChanges changes_;
  NotifySocket::Lookup lookup_;
  NotifySocket::OnMessage on_message_;
  NotifySocket::OnForeign on_foreign_;
  std::unique_ptr<NotifySocket> shared_;
  std::map<core::ProcessId, std::unique_ptr<NotifySocket>> own_;
  NotifyCounters former_;  // of those that were removed
};

}  // namespace holdfast::supervisor::sockets
