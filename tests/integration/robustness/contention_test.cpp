// SPDX-License-Identifier: Apache-2.0
// Many administrators at once, and readers that do not read.
#include "common/os/fd.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/proc.hpp"
#include "tests/support/programs.hpp"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <random>
#include <set>
#include <thread>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

std::string admin(const Stack& stack, const std::string& target) {
  return "unix:" + (stack.runtime_dir() / "admin.sock").string() + ":" + target;
}

int command(const Stack& stack, const std::string& target) {
  http::FetchOptions options;
  options.deadline = std::chrono::seconds(60);
  const auto answer = http::fetch("POST", admin(stack, target), {}, "", options);
  return answer ? answer->status : 0;
}

Fd connect_to(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  REQUIRE(::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  return fd;
}

void send_text(const Fd& fd, const std::string& text) {
  REQUIRE(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL) ==
          static_cast<ssize_t>(text.size()));
}

}  // namespace

TEST_CASE(
    "command lock: parallel reload, scale, stop and restart are all answered, and none gets "
    "stuck") {
  Stack stack(misbehaving("web", {"--ready"}, "replicas = 2\n"), kNoPort);
  stack.wait_ready();
  std::atomic<int> done{0};
  std::atomic<int> refused{0};
  std::atomic<int> odd{0};
  std::vector<std::thread> people;
  for (unsigned person = 0; person < 4; ++person) {
    people.emplace_back([&, person] {
      std::mt19937 dice(Catch::rngSeed() + person);
      const std::array<std::string, 6> targets{"/reload",           "/scale?name=web&count=1",
                                               "/restart?name=web", "/stop?name=web.0",
                                               "/start?name=web",   "/scale?name=web&count=4"};
      for (int i = 0; i < 12; ++i) {
        const int status = command(stack, targets[dice() % targets.size()]);
        // 409: refused with a reason, such as a roll that is under way.
        ++(status == 200 ? done : status == 409 ? refused : odd);
      }
    });
  }
  for (std::thread& person : people)
    person.join();
  REQUIRE(odd == 0);
  REQUIRE(done + refused == 48);
  REQUIRE(done > 0);
  REQUIRE(command(stack, "/start?name=web") == 200);
  REQUIRE(command(stack, "/scale?name=web&count=2") == 200);
  REQUIRE(stack.wait_state("web.0", "ready"));
  REQUIRE(stack.wait_state("web.1", "ready"));
}

TEST_CASE(
    "scale arithmetic: any sequence ends with as many processes as requested, in unique slots") {
  // By its name the processes are found, also those that nobody would list.
  const std::string name = "scaled-" + std::to_string(::getpid());
  const std::string program = misbehaving(name, {"--ready"});
  Stack stack(program, kNoPort);
  stack.wait_ready();
  std::mt19937 dice(Catch::rngSeed());
  for (int round = 0; round < 12; ++round) {
    const std::string count = std::to_string(dice() % 7);
    REQUIRE(command(stack, "/scale?name=" + name + "&count=" + count) == 200);
    if (dice() % 3 == 0) REQUIRE(command(stack, "/reload") == 200);
  }
  REQUIRE(command(stack, "/scale?name=" + name + "&count=5") == 200);
  REQUIRE(wait_until([&] {
    const json status = stack.status();
    std::set<std::string> names;
    std::set<int> pids;
    for (const json& worker : status["programs"][0]["workers"]) {
      names.insert(worker.value("name", ""));
      if (worker.value("state", "") == "ready") pids.insert(worker.value("pid", 0));
    }
    return names.size() == 5 && pids.size() == 5 && names.contains(name + ".4");
  }));
  std::size_t running = 0;
  for (int slot = 0; slot < 7; ++slot)
    running += pids_with_environment("HOLDFAST_WORKER=" + name + "." + std::to_string(slot)).size();
  REQUIRE(running == 5);
}

TEST_CASE("event consumer slow: readers that never read block nothing and lose only old events") {
  Stack stack(
      "[program.storm]\ncommand = [\"true\"]\nready = \"started\"\nreplicas = 4\n"
      "settled_after = \"0s\"\nbackoff_base = \"1ms\"\nbackoff_cap = \"1ms\"\n"
      "crash_loop_exits = 1000\ncrash_loop_window = \"1s\"\nrequired = false\n\n" +
          misbehaving("fine", {"--ready"}),
      kNoPort);
  stack.wait_ready();
  std::vector<Fd> readers;
  for (int i = 0; i < 8; ++i) {
    readers.push_back(connect_to(stack.runtime_dir() / "status.sock"));
    // Several requests and not one answer taken.
    for (int request = 0; request < 4; ++request) {
      send_text(readers.back(),
                "GET /events?after=0&limit=1000&wait=20 HTTP/1.1\r\nHost: x\r\n\r\n");
    }
  }
  const auto starts = [&] {
    int sum = 0;
    for (int slot = 0; slot < 4; ++slot)
      sum += stack.worker("storm." + std::to_string(slot)).value("starts", 0);
    return sum;
  };
  const int before = starts();
  REQUIRE(wait_until([&] { return starts() > before + 300; }, std::chrono::seconds(120)));
  REQUIRE(stack.command({"restart", "fine"}).exit_code == 0);
  // A reader that does read: numbers without a gap, up to the newest.
  const std::vector<json> events = stack.events();
  REQUIRE(events.size() > 500);
  for (std::size_t i = 1; i < events.size(); ++i)
    REQUIRE(events[i]["seq"].get<int>() == events[i - 1]["seq"].get<int>() + 1);
}
