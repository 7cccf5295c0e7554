// SPDX-License-Identifier: Apache-2.0
// Clients that come while the stack stops.
#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/stack.hpp"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;

namespace {

// What connect(2) to http://127.0.0.1:PORT says: 0 or an errno.
int connect_error(const std::string& api) {
  const Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(api.substr(api.rfind(':') + 1))));
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);
  return ::connect(socket.get(), generic, sizeof address) == 0 ? 0 : errno;
}

}  // namespace

TEST_CASE("once the API workers have gone, clients are refused at once instead of left waiting") {
  Stack stack("[listen.http]\naddress = \"127.0.0.1:0\"\n\n[program.stubborn]\ncommand = [\"" +
                  (bin_dir() / "misbehave").string() +
                  "\", \"--ready-after\", \"0\", \"--ignore-term\"]\nwatchdog = \"0s\"\n\n" +
                  api_workers(2, "", R"("migrate", "stubborn")"),
              {{"PORT", "0"}});
  stack.wait_ready();
  const std::string api = stack.api();
  REQUIRE(connect_error(api) == 0);
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.wait_state("stubborn.0", "stopping"));  // the stage after the API workers'
  REQUIRE(connect_error(api) == ECONNREFUSED);
  REQUIRE(stack.status().value("draining", false));
  REQUIRE(stack.force_stop());
  REQUIRE(stack.supervisor().wait(20s).value == 1);
}
