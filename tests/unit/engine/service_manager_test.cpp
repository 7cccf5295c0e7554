// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/service_manager.hpp"

#include "common/base/id.hpp"
#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"

#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <array>
#include <cstddef>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace std::chrono_literals;

namespace {

// The service manager's end, on an abstract name.
class ManagerSocket {
 public:
  ManagerSocket() : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(name_.begin() + 1, name_.end(), address.sun_path + 1);
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    REQUIRE(::bind(fd_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
  }
  const std::string& name() const { return name_; }
  // Whether something has come; a datagram on a Unix socket is there as soon as it is sent.
  bool receives() {
    std::array<char, 256> buffer{};
    return ::recv(fd_.get(), buffer.data(), buffer.size(), 0) > 0;
  }

 private:
  std::string name_ = "@service-manager-" + make_uuid();
  Fd fd_;
};

}  // namespace

TEST_CASE("the service manager's watchdog is fed in half its time, at calls a second apart") {
  const auto watchdog =
      GENERATE(2'000'000us, 2'010'000us, 2'100'000us, 3'000'000us, 4'100'000us, 20'000'000us);
  ManagerSocket socket;
  auto notifier = notify::Notifier::from_environment(
      {{"NOTIFY_SOCKET", socket.name()}, {"WATCHDOG_USEC", std::to_string(watchdog.count())}}, 1);
  REQUIRE(notifier);
  ServiceManager manager(std::move(*notifier));
  MonoTime now{1h};
  manager.feed_watchdog(now);
  REQUIRE(socket.receives());
  MonoTime last = now;
  int heartbeats = 0;
  for (int second = 0; second < 100; ++second) {
    now += 1s;
    manager.feed_watchdog(now);
    if (!socket.receives()) continue;
    CAPTURE(watchdog.count(), second);
    CHECK(now - last <= watchdog / 2);
    last = now;
    ++heartbeats;
  }
  CHECK(heartbeats >= 100 / (watchdog.count() / 2'000'000 + 1));
  CHECK(heartbeats <= 100);
}
