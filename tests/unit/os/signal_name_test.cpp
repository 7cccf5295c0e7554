// SPDX-License-Identifier: Apache-2.0
#include "common/os/signal_name.hpp"

#include "tests/support/catch.hpp"

#include <csignal>

using holdfast::os::parse_signal;
using holdfast::os::signal_name;

TEST_CASE("a signal is given by name, with or without SIG, or by number") {
  for (const char* text : {"HUP", "SIGHUP", "hup", "sighup", "1"}) {
    INFO(text);
    REQUIRE(parse_signal(text) == SIGHUP);
  }
  CHECK(parse_signal("USR1") == SIGUSR1);
  CHECK(parse_signal("9") == SIGKILL);
  CHECK(parse_signal("RTMIN") == SIGRTMIN);
  CHECK(parse_signal("SIGRTMIN+3") == SIGRTMIN + 3);
  CHECK(parse_signal("RTMAX-1") == SIGRTMAX - 1);
  CHECK(parse_signal(std::to_string(SIGRTMIN + 3)) == SIGRTMIN + 3);
}

TEST_CASE("what is no signal is refused with what would be one") {
  const std::string too_high = std::to_string(SIGRTMAX + 1);
  for (const char* text : {"", "SIG", "HUPP", "0", "-1", "32", "1x", "RTMIN-1", "RTMIN+99",
                           "RTMAX+1", "RTMIN+", too_high.c_str()}) {
    INFO(text);
    const auto signal = parse_signal(text);
    REQUIRE_FALSE(signal);
    REQUIRE(signal.error().message.find("HUP, USR1 or RTMIN+3") != std::string::npos);
  }
}

TEST_CASE("a signal's name can be read again") {
  CHECK(signal_name(SIGTERM) == "TERM");
  CHECK(signal_name(SIGRTMIN) == "RTMIN");
  CHECK(signal_name(SIGRTMIN + 2) == "RTMIN+2");
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal)
    CHECK(parse_signal(signal_name(signal)) == signal);
}
