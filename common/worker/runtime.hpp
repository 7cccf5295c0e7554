// SPDX-License-Identifier: Apache-2.0
#pragma once

// The life of a worker process, the same for every kind: read the configuration and what the
// supervisor handed down, serve the telemetry socket, say READY, beat the watchdog from the
// working loop, drain on SIGTERM or SIGINT, give one last scrape, exit.
//
// A worker's main is one call: run_worker(argc, argv, "holdfast-api-worker", make_service).
//
// Threads: one io_context, run by the main thread. Service methods are called on it.
//
// Exit codes: 0 drained; 78 (EX_CONFIG) the configuration is wrong and a restart cannot help;
// 70 (EX_SOFTWARE) the service could not start or failed.
//
// Without a supervisor (no NOTIFY_SOCKET, no LISTEN_FDS) a worker runs alone: it opens what it
// needs by itself and serves no telemetry socket.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/config/config.hpp"
#include "common/log/logger.hpp"
#include "common/os/fd.hpp"

#include <prometheus/registry.h>

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace boost::asio {
class io_context;
}

namespace holdfast::worker {

// From HOLDFAST_WORKER, HOLDFAST_INCARNATION and HOLDFAST_PREDECESSOR.
struct Identity {
  std::string name;  // "api-worker.0"; the program's name and pid when run alone
  std::uint64_t incarnation = 1;
  std::string predecessor;  // "signal 11 (SIGSEGV)"; empty if the slot is new or was stopped
};

// A sign of life of a thread that does the work. While active, it must be touched at least every
// half watchdog period, or the worker stops beating and the supervisor restarts it.
class Beat {
 public:
  void begin();  // work starts: from here the thread must touch
  void touch();
  void end();  // idle: nothing is expected
  bool fresh(MonoTime now, Duration limit) const;

 private:
  std::atomic<std::int64_t> touched_ns_{0};  // 0: idle
};

// What a worker's own code gets. References stay valid until the service is destroyed.
class Context {
 public:
  virtual ~Context() = default;
  virtual boost::asio::io_context& io() = 0;
  virtual const config::Config& config() const = 0;
  virtual const Identity& identity() const = 0;
  virtual log::Logger& log() = 0;
  virtual prometheus::Registry& registry() = 0;
  virtual const Clock& clock() const = 0;
  // A descriptor passed by the supervisor under this name ("http", "doorbell"); once.
  virtual std::optional<Fd> take_fd(const std::string& name) = 0;
  virtual bool supervised() const = 0;
  // Where the stack's aggregate and readiness can be asked: RUNTIME_DIR/status.sock, or empty.
  virtual const std::string& status_socket() const = 0;
  // Registers a thread's sign of life; keep the pointer as long as the service lives.
  virtual std::shared_ptr<Beat> add_beat() = 0;
  // Shown by `holdfast status`.
  virtual void set_status(const std::string& text) = 0;
};

class Service {
 public:
  virtual ~Service() = default;
  // Take no new work, finish or give back what is in hand, then call `done` (on the loop).
  virtual void drain(std::function<void()> done) = 0;
  // For GET /ready on the telemetry socket: whether what this worker depends on is available. Calls
  // `done` once, on the loop, at once or later.
  virtual void check(std::function<void(Result<void>)> done) { done({}); }
  // Called before each scrape, to set gauges that are computed rather than kept; then calls `done`
  // likewise.
  virtual void before_scrape(std::function<void()> done) { done(); }
};

// Builds the service. An error of kind InvalidArgument ends the process with 78, others with 70.
using MakeService = std::function<Result<std::unique_ptr<Service>>(Context&)>;

// Returns the exit code of main. `--help` and `--version` are answered here.
int run_worker(int argc, char** argv, const std::string& program, const MakeService& make_service);

}  // namespace holdfast::worker
