// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/supervision/peers.hpp"

#include <fmt/format.h>

#include <fstream>

namespace holdfast::bench {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using test::find_program;

namespace {

fs::path child() {
  return bin_dir() / "bench_child";
}

void write(const fs::path& path, const std::string& text) {
  std::ofstream(path, std::ios::trunc) << text;
}

std::map<std::string, std::string> environment(const Workload& workload, const fs::path& stamps) {
  std::map<std::string, std::string> result{{"BENCH_STAMPS", stamps}, {"NOTIFY_SOCKET", ""}};
  if (workload.stubborn) result["BENCH_STUBBORN"] = "1";
  if (workload.lines > 0) result["BENCH_LINES"] = std::to_string(workload.lines);
  return result;
}

class Floor final : public Peer {
 public:
  std::string name() const override { return "floor"; }
  std::unique_ptr<SupervisorProcess> start(const Workload& workload, const fs::path& directory,
                                           const fs::path& stamps) const override {
    return std::make_unique<SupervisorProcess>(
        std::vector<std::string>{bin_dir() / "bench_floor", std::to_string(workload.children),
                                 std::to_string(workload.stop_timeout.count()), child()},
        environment(workload, stamps), directory / "output");
  }
};

// autorestart = true instead of its default `unexpected`; the children's output is discarded,
// unless they write some; that file is not rotated, for which it would copy nothing. Its restart
// time is its polling interval, whatever the settings.
class Supervisord final : public Peer {
 public:
  std::string name() const override { return "supervisord"; }
  std::unique_ptr<SupervisorProcess> start(const Workload& workload, const fs::path& directory,
                                           const fs::path& stamps) const override {
    const std::string base = directory.native();
    write(
        directory / "supervisord.conf",
        fmt::format("[supervisord]\nnodaemon = true\nlogfile = {0}/supervisord.log\n"
                    "pidfile = {0}/pid\nminfds = 8192\nsilent = true\n"
                    "[unix_http_server]\nfile = {0}/socket\n"
                    "[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = "
                    "supervisor.rpcinterface:make_main_rpcinterface\n"
                    "[supervisorctl]\nserverurl = unix://{0}/socket\n"
                    "[program:w]\ncommand = {1}\nnumprocs = {2}\n"
                    "process_name = %(process_num)04d\nautorestart = true\n"
                    "stdout_logfile = {4}\nstdout_logfile_maxbytes = 0\n"
                    "stderr_logfile = NONE\nstopwaitsecs = {3}\n",
                    base, child().native(), workload.children, workload.stop_timeout.count() / 1000,
                    workload.lines > 0 ? base + "/log" : "NONE"));
    return std::make_unique<SupervisorProcess>(
        std::vector<std::string>{find_program("supervisord"), "-c", directory / "supervisord.conf"},
        environment(workload, stamps), directory / "output");
  }
  std::vector<std::string> status(const fs::path& directory) const override {
    return {find_program("supervisorctl"), "-c", directory / "supervisord.conf", "status"};
  }
  std::chrono::milliseconds settles_in() const override { return 1300ms; }  // startsecs = 1
};

// `run` is the program itself, without a shell, and it reports when it is ready: without
// notification-fd every restart waits for a second. No loggers: with one for each service there
// would be three times as many processes.
class S6 final : public Peer {
 public:
  std::string name() const override { return "s6"; }
  std::unique_ptr<SupervisorProcess> start(const Workload& workload, const fs::path& directory,
                                           const fs::path& stamps) const override {
    for (int number = 0; number < workload.children; ++number) {
      const fs::path service = directory / "scan" / fmt::format("w{:04}", number);
      fs::create_directories(service);
      fs::create_symlink(child(), service / "run");
      write(service / "notification-fd", "3\n");
      if (workload.stop_timeout != 10'000ms) {
        write(service / "timeout-kill", fmt::format("{}\n", workload.stop_timeout.count()));
      }
    }
    auto env = environment(workload, stamps);
    env["BENCH_READY"] = "3";
    return std::make_unique<SupervisorProcess>(
        std::vector<std::string>{find_program("s6-svscan"), "-c", "4000", directory / "scan"}, env,
        directory / "output");
  }
  std::chrono::milliseconds settles_in() const override { return 1300ms; }  // a second of ready
};

// Defaults, with its log in a file; a worker is restarted at once after settled_after = "10s".
class Holdfast final : public Peer {
 public:
  std::string name() const override { return "holdfast"; }
  std::unique_ptr<SupervisorProcess> start(const Workload& workload, const fs::path& directory,
                                           const fs::path& stamps) const override {
    std::string toml = fmt::format(
        "[supervisor]\nstate_dir = \"{0}/state\"\nruntime_dir = \"{0}/run\"\n"
        "status_listen = \"127.0.0.1:0\"\n"
        "[listen.http]\naddress = \"127.0.0.1:0\"\n"
        "[log]\nfile = \"{0}/log\"\nmax_size = \"4GiB\"\n",
        directory.native());
    const int programs = workload.one_program_each ? workload.children : 1;
    for (int number = 0; number < programs; ++number) {
      toml += fmt::format(
          "[program.w{}]\ncommand = [\"{}\"]\nreplicas = {}\nready = \"{}\"\n"
          "stop_timeout = \"{}ms\"\n",
          number, child().native(), workload.children / programs,
          workload.notifies ? "notify" : "started", workload.stop_timeout.count());
      if (workload.notifies) toml += "watchdog = \"0s\"\n";  // the child does not beat
    }
    write(directory / "holdfast.toml", toml);
    auto env = environment(workload, stamps);
    if (workload.notifies) env["BENCH_READY"] = "notify";
    return std::make_unique<SupervisorProcess>(
        std::vector<std::string>{bin_dir() / "holdfast", "run", "--config",
                                 directory / "holdfast.toml"},
        env, directory / "output");
  }
  std::vector<std::string> status(const fs::path& directory) const override {
    return {bin_dir() / "holdfast", "status", "--config", directory / "holdfast.toml"};
  }
  std::chrono::milliseconds settles_in() const override { return 10'300ms; }
};

}  // namespace

std::vector<std::unique_ptr<Peer>> installed_peers() {
  std::vector<std::unique_ptr<Peer>> result;
  result.push_back(std::make_unique<Floor>());
  if (!find_program("supervisord").empty()) result.push_back(std::make_unique<Supervisord>());
  if (!find_program("s6-svscan").empty()) result.push_back(std::make_unique<S6>());
  result.push_back(holdfast_peer());
  return result;
}

std::unique_ptr<Peer> holdfast_peer() {
  return std::make_unique<Holdfast>();
}

}  // namespace holdfast::bench
