// SPDX-License-Identifier: Apache-2.0
// Rolling restarts and reloads of the real stack under client load.
#include "tests/bench/common/measure.hpp"
#include "tests/bench/common/table.hpp"
#include "tests/bench/supervision/load.hpp"
#include "tests/bench/supervision/parts.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/programs.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <signal.h>

#include <functional>

namespace holdfast::bench {

namespace {

using namespace std::chrono_literals;
using nlohmann::json;

constexpr int kRounds = 5;
constexpr int kKeeping = 8;
constexpr int kRenewing = 4;

std::string configuration(const std::filesystem::path& directory, int round) {
  return fmt::format(
      "[listen.http]\naddress = \"127.0.0.1:0\"\n"
      "[log]\nfile = \"{}/log\"\n"
      "[program.queue-worker]\ncommand = [\"holdfast-queue-worker\"]\nafter = [\"migrate\"]\n{}",
      directory.native(),
      test::api_workers(2, fmt::format("environment = {{ ROUND = \"{}\" }}\n", round),
                        "\"queue-worker\""));
}

// All of the program's workers are later incarnations than before, and the rolling restart is over.
bool rolled(test::Stack& stack, std::uint64_t beyond) {
  const json now = stack.status();
  if (!now.is_object()) return false;
  for (const json& program : now["programs"]) {
    if (program["name"] != "api-worker") continue;
    if (program.value("rolling", false)) return false;
    for (const json& worker : program["workers"]) {
      if (worker.value("incarnation", std::uint64_t{0}) <= beyond) return false;
      if (worker.value("state", "") != "ready" || worker.contains("retiring")) return false;
    }
  }
  return true;
}

void measure(Table& table, test::Stack& stack, const std::string& name, const std::string& path,
             const std::function<void(int)>& roll) {
  const std::string address = stack.address_of("http");
  const auto port = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
  std::vector<double> times;
  Load load(port, path, kKeeping, kRenewing);
  for (int round = 1; round <= kRounds; ++round) {
    ::poll(nullptr, 0, 300);
    const auto before = stack.worker("api-worker.0").value("incarnation", std::uint64_t{0});
    const std::int64_t began = now_ns();
    roll(round);
    if (!test::wait_until([&] { return rolled(stack, before); })) {
      throw std::runtime_error(name + " did not end");
    }
    times.push_back(ms_between(began, now_ns()));
  }
  ::poll(nullptr, 0, 300);
  const LoadResult result = load.stop();
  table.add({name, std::to_string(kRounds), number(median(times), 0),
             std::to_string(result.requests), std::to_string(result.connections),
             number(static_cast<double>(result.requests) / result.seconds, 0),
             number(result.worst_ms, 1), std::to_string(result.failed)});
  for (const auto& [why, count] : result.failures)
    fmt::print(stderr, "  failed in {}: {} x {}\n", name, count, why);
}

}  // namespace

void bench_rolling(const Options& options) {
  if (!options.wants("holdfast")) return;
  Table table(
      fmt::format("holdfast: 2 API workers replaced under load, {} kept and {} new "
                  "connections at a time",
                  kKeeping, kRenewing),
      {"", "rounds", "ms each", "requests", "connections", "requests/s", "slowest ms", "failed"});
  const test::TempDir directory;
  test::Stack stack(configuration(directory.path(), 0), {{"RATE_LIMIT_MAX", "1000000000"}});
  stack.wait_ready();
  const std::string id = test::post_document(stack, test::licence_texts().front());
  const std::string path = "/api/documents/" + id;
  measure(table, stack, "holdfast restart api-worker", path, [&](int) {
    const auto answer = stack.command({"restart", "api-worker"});
    if (answer.exit_code != 0) throw std::runtime_error(answer.output);
  });
  measure(table, stack, "SIGHUP, its environment changed", path, [&](int round) {
    stack.write_config(configuration(directory.path(), round));
    stack.supervisor().signal(SIGHUP);
  });
  table.print();
}

}  // namespace holdfast::bench
