// SPDX-License-Identifier: Apache-2.0
// Many plain programs under one supervisor, and few.
#include "tests/bench/common/measure.hpp"
#include "tests/bench/common/table.hpp"
#include "tests/bench/supervision/parts.hpp"
#include "tests/bench/supervision/peers.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <map>
#include <optional>

namespace holdfast::bench {

namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 120s;

void pause_for(std::chrono::milliseconds time) {
  ::poll(nullptr, 0, static_cast<int>(time.count()));
}

struct Sample {
  std::map<std::string, std::vector<double>> values;
  void add(const std::string& name, double value) { values[name].push_back(value); }
  std::string show(const std::string& name, int decimals = 0) const {
    const auto found = values.find(name);
    return found == values.end() ? "-" : number(median(found->second), decimals);
  }
};

double time_status(const std::vector<std::string>& command, const std::filesystem::path& output) {
  const std::int64_t began = now_ns();
  test::Process status(command, {}, output);
  status.wait(kPatience);
  return ms_between(began, now_ns());
}

// Wall time also depends on what else the machine does; CPU time is the supervisor's own.
void kill_all(const SupervisorProcess& running, Stamps& stamps, const std::vector<Stamp>& children,
              Sample& sample) {
  const double cpu = footprint_of(running.pid()).cpu_ms;
  const std::int64_t began = now_ns();
  for (const Stamp& child : children)
    ::kill(child.pid, SIGKILL);
  sample.add("storm", ms_between(began, last_of(stamps.take(children.size(), kPatience))));
  pause_for(500ms);
  sample.add("storm cpu", footprint_of(running.pid()).cpu_ms - cpu);
}

void measure(const Peer& peer, const Workload& workload, std::chrono::milliseconds idle, bool storm,
             Sample& sample) {
  const test::TempDir directory;
  Stamps stamps(directory / "stamps");
  const auto running = peer.start(workload, directory.path(), directory / "stamps");
  const auto count = static_cast<std::size_t>(workload.children);
  const auto children = stamps.take(count, kPatience);
  sample.add("start", ms_between(running->started_ns(), last_of(children)));
  pause_for(1s);
  const Footprint started = footprint_of(running->pid());
  sample.add("start cpu", started.cpu_ms);

  if (const auto command = peer.status(directory.path()); !command.empty()) {
    for (int times = 0; times < 3; ++times)
      sample.add("status", time_status(command, directory / "status"));
  }
  pause_for(2s);  // what a reader asked for is over
  const Footprint before = footprint_of(running->pid());
  pause_for(idle);
  const Footprint after = footprint_of(running->pid());
  sample.add("idle", after.cpu_ms - before.cpu_ms);
  sample.add("pss", after.pss_mib);
  sample.add("processes", static_cast<double>(after.processes));
  sample.add("descriptors", static_cast<double>(after.descriptors));

  if (storm) {
    if (idle < peer.settles_in()) pause_for(peer.settles_in() - idle);
    kill_all(*running, stamps, children, sample);
  }
  pause_for(peer.name() == "supervisord" ? 1500ms : 200ms);  // past its startsecs
  sample.add("stop", running->stop());
}

void row(Table& table, const std::string& name, const Sample& s) {
  table.add({name, s.show("start"), s.show("start cpu"), s.show("status"), s.show("storm"),
             s.show("storm cpu"), s.show("stop"), s.show("pss", 1), s.show("processes"),
             s.show("descriptors"), s.show("idle", 1)});
}

}  // namespace

void bench_many(const Options& options) {
  Table table(fmt::format("{} plain programs (ms; medians of {}; idle: CPU ms in 20 s; CPU of the "
                          "supervisor's own processes)",
                          options.children, options.runs),
              {"", "all running", "its CPU", "status", "all killed, all back", "its CPU", "stop",
               "PSS MiB", "processes", "descriptors", "idle"});
  const auto measure_peer = [&](const Peer& peer, const std::string& name, bool one_each) {
    Workload workload;
    workload.children = options.children;
    workload.one_program_each = one_each;
    Sample sample;
    // supervisord takes half a minute for each run; one is enough.
    const int runs = name == "supervisord" ? 1 : options.runs;
    for (int run = 0; run < runs; ++run)
      measure(peer, workload, run == 0 ? 20'000ms : 1000ms, true, sample);
    sample.values["idle"].resize(1);
    row(table, name, sample);
  };
  for (const auto& peer : installed_peers()) {
    if (options.wants(peer->name())) measure_peer(*peer, peer->name(), false);
  }
  if (options.wants("holdfast")) {
    measure_peer(*holdfast_peer(), fmt::format("holdfast, {} programs", options.children), true);
  }
  table.print();
}

void bench_few(const Options& options) {
  Table table(
      "3 plain workers (ms; CPU in 20 s of idling)",
      {"", "all running", "stop", "PSS MiB", "processes", "descriptors", "idle CPU ms", "idle %"});
  for (const auto& peer : installed_peers()) {
    if (!options.wants(peer->name())) continue;
    Workload workload;
    workload.children = 3;
    Sample sample;
    measure(*peer, workload, 20'000ms, false, sample);
    const double idle = sample.values["idle"].front();
    table.add({peer->name(), sample.show("start", 1), sample.show("stop", 1), sample.show("pss", 1),
               sample.show("processes"), sample.show("descriptors"), number(idle, 1),
               number(idle / 20'000 * 100, 3)});
  }
  table.print();
}

void bench_stubborn(const Options& options) {
  Table table("3 workers that ignore SIGTERM, 2 s to stop (ms to everything gone)",
              {"", "least", "median", "most"});
  for (const auto& peer : installed_peers()) {
    if (!options.wants(peer->name())) continue;
    std::vector<double> times;
    for (int run = 0; run < options.runs; ++run) {
      const test::TempDir directory;
      Stamps stamps(directory / "stamps");
      Workload workload;
      workload.children = 3;
      workload.stubborn = true;
      workload.stop_timeout = 2000ms;
      const auto running = peer->start(workload, directory.path(), directory / "stamps");
      stamps.take(3, kPatience);
      pause_for(peer->name() == "supervisord" ? 1500ms : 300ms);
      times.push_back(running->stop());
    }
    table.add({peer->name(), number(percentile(times, 0)), number(median(times)),
               number(percentile(times, 1))});
  }
  table.print();
}

}  // namespace holdfast::bench
