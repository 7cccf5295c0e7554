// SPDX-License-Identifier: Apache-2.0
// What must stay the same however long it goes on.
#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/programs.hpp"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cstring>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

constexpr int kSlots = 4;

// Each process ends as soon as it has begun, and the next one begins.
const std::string kFlapping =
    "[log]\nlevel = \"error\"\n\n[program.flap]\ncommand = [\"true\"]\nready = \"started\"\n"
    "replicas = 4\nsettled_after = \"0s\"\nbackoff_base = \"1ms\"\nbackoff_cap = \"1ms\"\n"
    "crash_loop_exits = 1000\ncrash_loop_window = \"1s\"\n";

int starts_of(Stack& stack) {
  const json status = stack.status();
  if (!status.is_object()) return 0;  // it does not answer yet
  int sum = 0;
  for (const json& program : status["programs"]) {
    for (const json& worker : program["workers"])
      sum += worker.value("starts", 0);
  }
  return sum;
}

void wait_for_starts(Stack& stack, int count) {
  REQUIRE(wait_until(
      [&] {
        ::poll(nullptr, 0, 20);  // to leave the machine to those who live and die
        return starts_of(stack) >= count;
      },
      std::chrono::seconds(240)));
}

}  // namespace

TEST_CASE(
    "FD leak on flapping, supervisor leaks memory: after a thousand restarts both are constant") {
  // Each life costs a sanitizer many times as much, and that of leaks counts exactly.
  const int warm = sanitized() ? 100 : 400;
  const int lives = sanitized() ? 200 : 800;
  Stack stack(kFlapping, kNoPort);
  const pid_t supervisor = stack.supervisor().pid();
  wait_for_starts(stack, warm);
  const auto descriptors = [&] {
    // The least of some looks: between two lives there is nothing in flight.
    std::size_t least = descriptors_of(supervisor);
    for (int i = 0; i < 50; ++i)
      least = std::min(least, descriptors_of(supervisor));
    return least;
  };
  const std::size_t descriptors_before = descriptors();
  const std::uint64_t memory_before = memory_kib_of(supervisor);
  wait_for_starts(stack, warm + lives);
  REQUIRE(descriptors() <= descriptors_before + 6 * kSlots);
  const std::uint64_t memory = memory_kib_of(supervisor);
  INFO(memory_before << " KiB before, " << memory << " KiB after " << lives << " lives");
  // The ring of events fills up: one of these three.
  REQUIRE((sanitized() || memory < memory_before + 3 * 1024));
  // Stopped, it has exactly what it had when nothing ran.
  REQUIRE(stack.command({"stop", "flap"}).exit_code == 0);
  REQUIRE(wait_until([&] { return descriptors_of(supervisor) <= descriptors_before; }));
  REQUIRE(zombies_of(supervisor) == 0);
}

TEST_CASE(
    "select() limit: with every descriptor above 1024 the supervisor works, and hands on none") {
  rlimit limit{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit before = limit;
  limit.rlim_cur = std::min<rlim_t>(limit.rlim_max, 4096);
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &limit) == 0);
  if (limit.rlim_cur < 2000) FAIL("the hard limit of descriptors is below 2000");
  // Inherited by the supervisor, so that all it opens itself comes after them.
  std::vector<Fd> ballast;
  std::vector<int> inherited;
  for (int i = 0; i < 1100; ++i) {
    ballast.emplace_back(::open("/dev/null", O_RDONLY));
    inherited.push_back(ballast.back().get());
  }
  REQUIRE(ballast.back().get() > 1024);
  Stack stack("[log]\nformat = \"json\"\n\n" +
                  misbehaving("web", {"--print-fds", "--ready"}, "metrics = \"off\"\n") +
                  misbehaving("full", {"--ready"}),
              kNoPort, {}, {}, inherited);
  ballast.clear();
  ::setrlimit(RLIMIT_NOFILE, &before);
  stack.wait_ready();
  REQUIRE(descriptors_of(stack.supervisor().pid()) > 1100);
  REQUIRE(
      wait_until([&] { return stack.supervisor().output().find("[0,1,2]") != std::string::npos; }));
  const pid_t full = stack.pid_of("full.0");
  signal_process(full, SIGKILL);
  REQUIRE(wait_until(
      [&] { return stack.pid_of("full.0") != full && stack.state_of("full.0") == "ready"; }));
  REQUIRE(stack.command({"restart", "web"}).exit_code == 0);
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait().value == 0);
}

TEST_CASE("busy loop on a dead fd: idle again after rotations, reloads and broken connections") {
  const TempDir dir;
  Stack stack("[log]\nfile = \"" + (dir / "log").string() + "\"\n\n" +
                  misbehaving("web", {"--ready"}, "metrics = \"off\"\n"),
              kNoPort);
  stack.wait_ready();
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, (stack.runtime_dir() / "status.sock").c_str(),
               sizeof address.sun_path - 1);
  for (int round = 0; round < 60; ++round) {
    stack.supervisor().signal(SIGUSR1);
    if (round % 6 == 0) stack.supervisor().signal(SIGHUP);
    const Fd client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    REQUIRE(::connect(client.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    // Gone with a request half sent, or with its answer on the way, or having said nothing.
    const std::string text = "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n";
    const std::size_t length = round % 3 == 0 ? text.size() : round % 3 == 1 ? 10 : 0;
    REQUIRE(::send(client.get(), text.data(), length, MSG_NOSIGNAL) >= 0);
  }
  const auto uptime = [&] { return stack.status()["uptime_seconds"].get<double>(); };
  const auto quiet = [&](double seconds) {
    const double until = uptime() + seconds;
    REQUIRE(wait_until([&] {
      ::poll(nullptr, 0, 50);  // the question itself costs something
      return uptime() > until;
    }));
  };
  quiet(0.5);
  const double before = stat_of(stack.supervisor().pid()).cpu_seconds;
  quiet(2);
  const double used = stat_of(stack.supervisor().pid()).cpu_seconds - before;
  REQUIRE(used < 1);  // a loop on one descriptor would take two seconds
}
