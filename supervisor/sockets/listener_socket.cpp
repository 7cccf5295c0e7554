// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/listener_socket.hpp"

#include "common/net/address.hpp"
#include "supervisor/sockets/socket_access.hpp"

#include <fcntl.h>
#include <sys/socket.h>

#include <cerrno>
#include <string_view>
#include <tuple>
#include <utility>

namespace holdfast::supervisor::sockets {

SocketFile::SocketFile(std::filesystem::path path)
    : path_(std::move(path)),
      held_(::open(path_.c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC)),
      id_(held_ ? file_id(held_.get()) : std::nullopt) {}

SocketFile::~SocketFile() {
  remove_if_same(path_, id_);
}

bool SocketFile::in_place() const {
  if (!id_) return true;  // what was never seen is not missed
  if (const auto now = file_id(path_)) return *now == *id_;
  return errno != ENOENT && errno != ENOTDIR;
}

namespace {

void hold_file(ListenerSocket& listener) {
  constexpr std::string_view kUnix = "unix:";
  if (!listener.config.address.starts_with(kUnix)) return;
  listener.file.reset();
  listener.file.emplace(listener.config.address.substr(kUnix.size()));
}

}  // namespace

Result<void> apply_listener_access(const config::Listen& listen) {
  HOLDFAST_TRY_ASSIGN(const net::ListenAddress address, net::parse_listen_address(listen.address));
  if (address.kind != net::ListenAddress::Kind::Unix) return {};
  HOLDFAST_TRY_ASSIGN(const SocketAccess access, look_up_access(listen));
  return apply_access(address.path, access);
}

Result<std::shared_ptr<ListenerSocket>> ListenerSocket::open(const config::Listen& listen,
                                                             net::BoundBeside beside) {
  auto opened = std::make_shared<ListenerSocket>();
  HOLDFAST_TRY_ASSIGN(opened->socket, net::open_listener(listen.address, listen.backlog, beside));
  opened->config = listen;
  opened->address = net::address_of(opened->socket.get()).value_or("");
  opened->options = net::ListenerOptions::of(opened->socket.get());
  hold_file(*opened);
  return opened;
}

Result<void> ListenerSocket::replace() {
  if (!is_unix()) {
    // The address is free once the former socket no longer listens, whoever still has it.
    const int on = 1;
    std::ignore = ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    ::shutdown(socket.get(), SHUT_RDWR);
  }
  HOLDFAST_TRY_ASSIGN(Fd fresh,
                      net::open_listener(is_unix() ? config.address : address, config.backlog));
  HOLDFAST_TRY(apply_listener_access(config));
  socket = std::move(fresh);
  options = net::ListenerOptions::of(socket.get());
  hold_file(*this);
  return {};
}

}  // namespace holdfast::supervisor::sockets
