// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store_postgres/commit_proxy.hpp"

#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <array>
#include <stdexcept>
#include <string_view>
#include <vector>

namespace holdfast::store::test {

namespace {

sockaddr_in loopback(const std::string& port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port)));
  return address;
}

bool send_all(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t sent = ::send(fd, data.data(), data.size(), MSG_NOSIGNAL);
    if (sent <= 0) return false;
    data.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

struct Pair {
  Fd client;
  Fd server;
};

// As the protocol ends a text: "READ COMMITTED" is another one.
constexpr std::string_view kCommit("COMMIT\0", 7);

}  // namespace

CommitProxy::CommitProxy(std::string server_port)
    : server_port_(std::move(server_port)),
      listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)),
      wake_(::eventfd(0, EFD_CLOEXEC)) {
  sockaddr_in address = loopback("0");
  socklen_t size = sizeof address;
  if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), size) != 0 ||
      ::listen(listener_.get(), 16) != 0 ||
      ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0) {
    throw std::runtime_error("the proxy cannot listen");
  }
  port_ = std::to_string(ntohs(address.sin_port));
  thread_ = std::thread([this] { serve(); });
}

CommitProxy::~CommitProxy() {
  (void)::eventfd_write(wake_.get(), 1);
  thread_.join();
}

// One thread for all connections: tests have few.
void CommitProxy::serve() {
  std::vector<Pair> pairs;
  std::array<char, 65536> buffer{};
  for (;;) {
    std::vector<pollfd> fds{{wake_.get(), POLLIN, 0}, {listener_.get(), POLLIN, 0}};
    for (const Pair& pair : pairs) {
      fds.push_back({pair.client.get(), POLLIN, 0});
      fds.push_back({pair.server.get(), POLLIN, 0});
    }
    if (::poll(fds.data(), fds.size(), -1) < 0) continue;
    if (fds[0].revents != 0) return;
    for (std::size_t i = pairs.size(); i-- > 0;) {
      bool open = true;
      if (fds[3 + 2 * i].revents != 0) {
        const ssize_t count = ::recv(pairs[i].server.get(), buffer.data(), buffer.size(), 0);
        open = count > 0 &&
               send_all(pairs[i].client.get(), {buffer.data(), static_cast<std::size_t>(count)});
      }
      if (open && fds[2 + 2 * i].revents != 0) {
        const ssize_t count = ::recv(pairs[i].client.get(), buffer.data(), buffer.size(), 0);
        const std::string_view data(buffer.data(), count > 0 ? static_cast<std::size_t>(count) : 0);
        const bool commits = data.find(kCommit) != std::string_view::npos;
        const Cut cut = commits ? cut_.exchange(Cut::Never) : Cut::Never;
        open = count > 0 && cut != Cut::BeforeTheServer && send_all(pairs[i].server.get(), data);
        if (cut == Cut::AfterTheServer) {
          // Its answer is read to the last byte, and goes nowhere.
          (void)::recv(pairs[i].server.get(), buffer.data(), buffer.size(), 0);
          open = false;
        }
        if (cut != Cut::Never) ++cuts_;
      }
      if (!open) pairs.erase(pairs.begin() + static_cast<std::ptrdiff_t>(i));
    }
    if (fds[1].revents == 0) continue;
    Pair pair{Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)),
              Fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
    const sockaddr_in server = loopback(server_port_);
    if (::connect(pair.server.get(), reinterpret_cast<const sockaddr*>(&server), sizeof server) ==
        0) {
      pairs.push_back(std::move(pair));
    }
  }
}

}  // namespace holdfast::store::test
