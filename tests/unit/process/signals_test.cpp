// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/signals.hpp"

#include "tests/support/launched.hpp"

#include <signal.h>
#include <unistd.h>

#include <map>

using namespace holdfast;
using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;

TEST_CASE("signals come as messages with their sender") {
  const std::string seen = in_fork([] {
    if (!block_signals()) return std::string("not blocked");
    boost::asio::io_context io;
    std::map<int, pid_t> got;
    auto source = SignalSource::open(io, [&](int signal, pid_t sender) { got[signal] = sender; });
    if (!source) return source.error().message;
    for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGUSR1})
      ::kill(::getpid(), signal);
    run_until(io, [&] { return got.size() == 4; });
    for (const auto& [signal, sender] : got) {
      if (sender != ::getpid()) return std::string("wrong sender");
    }
    return std::string("ok");
  });
  REQUIRE(seen == "ok");
}

TEST_CASE("bounded signal queue drops: after a storm of signals none of a kind is missing") {
  const std::string seen = in_fork([] {
    if (!block_signals()) return std::string("not blocked");
    boost::asio::io_context io;
    std::map<int, int> got;
    auto source = SignalSource::open(io, [&](int signal, pid_t) { ++got[signal]; });
    for (int round = 0; round < 1000; ++round) {
      for (const int signal : {SIGHUP, SIGUSR1, SIGCHLD, SIGINT})
        ::kill(::getpid(), signal);
      if (round % 10 == 0) io.poll();
    }
    ::kill(::getpid(), SIGTERM);
    run_until(io, [&] { return got[SIGTERM] == 1; });
    for (const int signal : {SIGHUP, SIGUSR1, SIGCHLD, SIGINT}) {
      if (got[signal] < 100) return fmt::format("signal {} came {} times", signal, got[signal]);
    }
    return std::string("ok");
  });
  REQUIRE(seen == "ok");
}

TEST_CASE("writing to a pipe without a reader is an error and not a death") {
  const std::string seen = in_fork([] {
    if (!block_signals()) return std::string("not blocked");
    Pipe pipe;
    pipe.read.reset();
    const ssize_t n = ::write(pipe.write.get(), "x", 1);
    return std::string(n < 0 && errno == EPIPE ? "ok" : "wrong");
  });
  REQUIRE(seen == "ok");
}
