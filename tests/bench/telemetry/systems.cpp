// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/telemetry/systems.hpp"

#include "tests/support/process.hpp"
#include "tests/support/programs.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <stdexcept>

namespace holdfast::bench {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

// The shortest back-off (10 ms), and the highest limit for the crash loop.
constexpr const char* kRestartsSoon =
    "backoff_base = \"1ms\"\nbackoff_factor = 1.0\nbackoff_cap = \"1ms\"\nbackoff_jitter = 0.0\n"
    "crash_loop_exits = 1000\ncrash_loop_window = \"10s\"\n";

const fs::path kSources = fs::path(HOLDFAST_SOURCE_DIR) / "tests/bench/telemetry";

std::string configuration(const Workload& workload, Child child, const std::string& more) {
  const bool plain = child == Child::Plain;
  return fmt::format(
      "[supervisor]\nmax_starting = 64\n"
      "[program.bench]\ncommand = [\"{}\"]\nreplicas = {}\nready = \"{}\"\nmetrics = \"socket\"\n"
      "watchdog = \"0s\"\n{}"
      "environment = {{ BENCH_COUNTERS = \"{}\", BENCH_HISTOGRAMS = \"{}\" }}\n{}",
      (test::bin_dir() / (plain ? "bench_metrics_child" : "bench_library_child")).native(),
      workload.workers, plain ? "started" : "notify", kRestartsSoon, workload.counters,
      workload.histograms, more);
}

class Peer final : public System {
 public:
  Peer(std::string name, const Workload& workload, std::vector<std::string> command, bool moves)
      : name_(std::move(name)), moves_(moves) {
    for (const std::size_t number : {workload.workers, workload.counters, workload.histograms}) {
      command.push_back(std::to_string(number));
    }
    process_ = std::make_unique<test::Process>(
        command,
        std::map<std::string, std::string>{{"PROMETHEUS_MULTIPROC_DIR", directory_.path()}},
        directory_ / "output");
    const std::string mark = "listening ";
    const bool came = test::wait_until(
        [&] {
          const std::string output = process_->output();
          const auto at = output.find(mark);
          if (process_->poll()) throw std::runtime_error(name_ + " ended:\n" + output);
          if (at == std::string::npos || output.find('\n', at) == std::string::npos) return false;
          port_ = static_cast<std::uint16_t>(std::stoi(output.substr(at + mark.size())));
          return true;
        },
        120s);
    if (!came) throw std::runtime_error(name_ + " does not listen:\n" + process_->output());
  }

  const std::string& name() const override { return name_; }
  std::uint16_t port() const override { return port_; }
  pid_t pid() const override { return process_->pid(); }
  bool moves() const override { return moves_; }

 private:
  std::string name_;
  bool moves_;
  test::TempDir directory_;
  std::unique_ptr<test::Process> process_;
  std::uint16_t port_ = 0;
};

}  // namespace

HoldfastSystem::HoldfastSystem(const Workload& workload, Child child, const std::string& more)
    : name_(child == Child::Plain ? "holdfast" : "holdfast, prometheus-cpp"),
      stack_(configuration(workload, child, more), test::kNoPort) {
  stack_.wait_ready(120s);
  const bool all = test::wait_until([&] { return workers().size() == workload.workers; }, 120s);
  if (!all) throw std::runtime_error("not all workers run");
  pid_ = stack_.supervisor().pid();
  const std::string address = stack_.address_of("status");
  port_ = static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

HoldfastSystem::~HoldfastSystem() {
  resume();
  stack_.supervisor().signal(SIGTERM);
  try {
    stack_.supervisor().wait(20s);
  } catch (const std::exception&) {  // then the stack kills it
  }
}

void HoldfastSystem::rest() {
  ::kill(pid_, SIGSTOP);
}

void HoldfastSystem::resume() {
  ::kill(pid_, SIGCONT);
}

std::vector<pid_t> HoldfastSystem::workers() {
  std::vector<pid_t> result;
  const nlohmann::json status = stack_.status();
  if (!status.is_object()) return result;
  for (const auto& program : status["programs"]) {
    if (program.value("name", "") != "bench") continue;
    for (const auto& worker : program["workers"]) {
      if (worker.value("state", "") == "ready") result.push_back(worker.value("pid", 0));
    }
  }
  return result;
}

std::unique_ptr<System> prom_client(const Workload& workload) {
  const char* const modules = std::getenv("NODE_PATH");
  if (modules == nullptr || !fs::exists(fs::path(modules) / "prom-client")) return nullptr;
  return std::make_unique<Peer>(
      "prom-client", workload,
      std::vector<std::string>{"/usr/bin/env", "node", kSources / "prom_client.js"}, true);
}

std::unique_ptr<System> client_python(const Workload& workload) {
  const std::string python = "/usr/bin/python3";  // the one that has Debian's packages
  if (!fs::exists("/usr/lib/python3/dist-packages/prometheus_client")) return nullptr;
  return std::make_unique<Peer>("client_python", workload,
                                std::vector<std::string>{python, kSources / "client_python.py"},
                                false);
}

std::unique_ptr<System> start(const std::string& name, const Workload& workload) {
  if (name == "prom-client") return prom_client(workload);
  if (name == "client_python") return client_python(workload);
  const Child child = name == "holdfast" ? Child::Plain : Child::Library;
  return std::make_unique<HoldfastSystem>(workload, child);
}

}  // namespace holdfast::bench
