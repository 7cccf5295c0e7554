// SPDX-License-Identifier: Apache-2.0
#include "common/worker/reports.hpp"

#include "common/net/listen.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <boost/asio/io_context.hpp>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <string>
#include <vector>

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

struct Supervised {
  Supervised() {
    open();
    auto made = notify::Notifier::from_environment({{"NOTIFY_SOCKET", path}}, ::getpid());
    REQUIRE(made);
    notifier = std::move(*made);
  }
  void open() {
    auto bound = net::bind_unix_socket(SOCK_DGRAM, path, 0600);
    REQUIRE(bound);
    socket = std::move(*bound);
  }
  void fill() {
    while (notifier.send("X=1")) {
    }
  }
  // All that has arrived, without what fill() sent.
  std::vector<std::string> take() {
    std::vector<std::string> got;
    char text[4096];
    for (ssize_t size = 0; (size = ::recv(socket.get(), text, sizeof text, MSG_DONTWAIT)) >= 0;) {
      const std::string one(text, static_cast<std::size_t>(size));
      if (one != "X=1") got.push_back(one);
    }
    return got;
  }
  std::vector<std::string> take_until_sent(const worker::Reports& reports) {
    std::vector<std::string> got;
    while (!reports.all_sent()) {
      io.run_one();
      for (std::string& one : take())
        got.push_back(std::move(one));
    }
    for (std::string& one : take())
      got.push_back(std::move(one));
    return got;
  }

  test::TempDir directory;
  std::string path = directory.path() / "notify";
  Fd socket;
  notify::Notifier notifier;
  boost::asio::io_context io;
  log::Logger log{log::LogOptions{.write = [](std::string_view) {}}};
};

}  // namespace

TEST_CASE("reports that the supervisor cannot take are sent again, in their order") {
  Supervised supervised;
  worker::Reports reports(supervised.io, supervised.notifier, supervised.log);
  supervised.fill();
  reports.ready();
  reports.watchdog();
  reports.status("first");
  reports.watchdog();
  reports.status("second");
  reports.stopping();
  REQUIRE_FALSE(reports.all_sent());
  REQUIRE(supervised.take().empty());
  REQUIRE(supervised.take_until_sent(reports) ==
          std::vector<std::string>{"READY=1", "WATCHDOG=1", "STATUS=second",
                                   "STOPPING=1\nSTATUS=draining"});
}

TEST_CASE("a report waits for a socket that is missing") {
  Supervised supervised;
  worker::Reports reports(supervised.io, supervised.notifier, supervised.log);
  ::unlink(supervised.path.c_str());
  reports.ready();
  supervised.io.run_one();
  REQUIRE_FALSE(reports.all_sent());
  supervised.open();
  REQUIRE(supervised.take_until_sent(reports) == std::vector<std::string>{"READY=1"});
}

TEST_CASE("a worker without a supervisor reports to nobody") {
  boost::asio::io_context io;
  const notify::Notifier none;
  const log::Logger log{log::LogOptions{.write = [](std::string_view) {}}};
  worker::Reports reports(io, none, log);
  reports.ready();
  REQUIRE(reports.all_sent());
}
