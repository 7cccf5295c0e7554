// SPDX-License-Identifier: Apache-2.0
// From the death of a worker to its replacement.
#include "tests/bench/common/measure.hpp"
#include "tests/bench/common/table.hpp"
#include "tests/bench/supervision/parts.hpp"
#include "tests/bench/supervision/peers.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/stack.hpp"
#include "tests/support/temp_dir.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

namespace holdfast::bench {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int kWorkers = 20;

void pause_for(std::chrono::milliseconds time) {
  ::poll(nullptr, 0, static_cast<int>(time.count()));
}

void row(Table& table, const std::string& name, const std::vector<double>& times) {
  table.add({name, number(percentile(times, 0), 2), number(median(times), 2),
             number(percentile(times, 0.9), 2), number(percentile(times, 1), 2),
             std::to_string(times.size())});
}

// Kills each of many settled workers once, so that every kill measures how the supervisor, with its
// default thresholds, treats a worker that had been running well.
std::vector<double> kill_each(const Peer& peer) {
  const test::TempDir directory;
  Stamps stamps(directory / "stamps");
  Workload workload;
  workload.children = kWorkers;
  const auto running = peer.start(workload, directory.path(), directory / "stamps");
  const auto children = stamps.take(kWorkers, 60s);
  pause_for(peer.settles_in());
  std::vector<double> times;
  for (const Stamp& child : children) {
    const std::int64_t began = now_ns();
    ::kill(child.pid, SIGKILL);
    times.push_back(ms_between(began, last_of(stamps.take(1, 30s))));
    pause_for(30ms);
  }
  return times;
}

// From the kill to the "ready" event in the supervisor's own event stream.
double kill_to_ready(test::Stack& stack, const std::string& worker) {
  const std::string url = "unix:" + (stack.runtime_dir() / "status.sock").native() + ":/events";
  const auto ask = [&](const std::string& query) {
    const auto answer = http::fetch("GET", url + query, {}, "", {30s, 16u << 20});
    if (!answer) throw std::runtime_error(answer.error().message);
    return json::parse(answer->body);
  };
  std::uint64_t after = ask("?after=18446744073709551614")["last_seq"].get<std::uint64_t>();
  const pid_t pid = stack.pid_of(worker);
  const std::int64_t began = now_ns();
  ::kill(pid, SIGKILL);
  while (ms_between(began, now_ns()) < 20'000) {
    const json page = ask(fmt::format("?limit=100&wait=5&after={}", after));
    const std::int64_t now = now_ns();
    for (const json& event : page["events"]) {
      after = event["seq"].get<std::uint64_t>();
      if (event.value("worker", "") == worker && event["kind"] == "ready") {
        return ms_between(began, now);
      }
    }
  }
  throw std::runtime_error(worker + " did not come back");
}

std::vector<double> kill_to_ready_each(test::Stack& stack, const std::string& program, int count) {
  stack.wait_ready();
  pause_for(10'300ms);  // settled_after is 10 s
  std::vector<double> times;
  for (int number = 0; number < count; ++number) {
    times.push_back(kill_to_ready(stack, fmt::format("{}.{}", program, number)));
    pause_for(30ms);
  }
  return times;
}

}  // namespace

void bench_restart(const Options& options) {
  Table table("kill -9 of a settled plain worker to its replacement running (ms)",
              {"", "least", "p50", "p90", "most", "kills"});
  for (const auto& peer : installed_peers()) {
    if (!options.wants(peer->name())) continue;
    std::vector<double> times;
    const int runs = peer->name() == "supervisord" ? 1 : options.runs;
    for (int run = 0; run < runs; ++run) {
      const auto more = kill_each(*peer);
      times.insert(times.end(), more.begin(), more.end());
    }
    row(table, peer->name(), times);
  }
  table.print();
}

void bench_ready(const Options& options) {
  if (!options.wants("holdfast")) return;
  Table table("holdfast: kill -9 of a settled worker to READY, as its event stream tells it (ms)",
              {"", "least", "p50", "p90", "most", "kills"});
  {
    const test::TempDir directory;
    const Stamps stamps(directory / "stamps");
    test::Stack stack(fmt::format("[log]\nfile = \"{}/log\"\n[program.w]\ncommand = [\"{}\"]\n"
                                  "replicas = 20\nwatchdog = \"0s\"\n",
                                  directory.path().native(), (bin_dir() / "bench_child").native()),
                      {{"BENCH_STAMPS", directory / "stamps"}, {"BENCH_READY", "notify"}});
    row(table, "a child that sends READY=1", kill_to_ready_each(stack, "w", 20));
  }
  {
    const test::TempDir directory;
    test::Stack stack(
        fmt::format("[listen.http]\naddress = \"127.0.0.1:0\"\n"
                    "[log]\nfile = \"{}/log\"\n{}",
                    directory.path().native(), test::api_workers(10)));
    row(table, "the API worker", kill_to_ready_each(stack, "api-worker", 10));
  }
  table.print();
}

}  // namespace holdfast::bench
