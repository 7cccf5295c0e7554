// SPDX-License-Identifier: Apache-2.0
#pragma once

// ListenerSocket: one listening socket that was opened here. Who may still need it shares it: the
// configuration that names it, and the processes that were started with it. When the last of them
// is gone it is closed, and the file of a Unix socket is removed if it is still that one.
//
// Threads: the main loop's.

#include "common/base/result.hpp"
#include "common/config/config.hpp"
#include "common/net/listen.hpp"
#include "common/net/listener_options.hpp"
#include "common/os/fd.hpp"
#include "common/os/file_id.hpp"

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace holdfast::supervisor::sockets {

// The file of a Unix socket, as it is found now. It is held, so that no other has its identity.
class SocketFile {
 public:
  explicit SocketFile(std::filesystem::path path);
  ~SocketFile();
  SocketFile(const SocketFile&) = delete;
  SocketFile& operator=(const SocketFile&) = delete;

  // False if its path leads nowhere, or to another file.
  bool in_place() const;

 private:
  std::filesystem::path path_;
  Fd held_;
  std::optional<FileId> id_;
};

// Gives the file of a Unix listener to whom it is configured for.
Result<void> apply_listener_access(const config::Listen& listen);

struct ListenerSocket {
  // With the access that a new socket has: see apply_listener_access().
  static Result<std::shared_ptr<ListenerSocket>> open(
      const config::Listen& listen, net::BoundBeside beside = net::BoundBeside::Nothing);
  // Takes the place of the one before: the same address, another socket.
  Result<void> replace();

  bool is_unix() const { return address.starts_with("unix:"); }

  Fd socket;
  config::Listen config;  // as it was applied last
  std::string address;    // as bound
  net::ListenerOptions options{};
  bool blocking = false;  // as it was set last
  std::optional<SocketFile> file{};
};

}  // namespace holdfast::supervisor::sockets
