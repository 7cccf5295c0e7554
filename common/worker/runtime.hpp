// SPDX-License-Identifier: Apache-2.0
#pragma once

// The life of a worker process of any kind: read the configuration and what the supervisor passed,
// serve the telemetry socket, report READY, beat the watchdog from the loop that does the work,
// drain on SIGTERM or SIGINT, serve one last scrape, exit.
//
// A worker's main is one call: run_worker(argc, argv, "holdfast-api-worker", make_service).
//
// Threads: one io_context, run by the main thread, which calls the methods of the Service.
//
// Exit codes (common/os/exit_codes.hpp): kOk drained; kConfig the configuration is wrong, so a
// restart cannot help; kUnavailable the store cannot be used, which the supervisor reports as an
// outage of the store; kSoftware the service could not start or failed; kUsage wrong arguments.
//
// Without a supervisor (no NOTIFY_SOCKET, no LISTEN_FDS) a worker runs alone: it opens what it
// needs and serves no telemetry socket.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/config/config.hpp"
#include "common/log/logger.hpp"
#include "common/notify/listen_fds.hpp"
#include "common/os/fd.hpp"
#include "common/worker/beat.hpp"

#include <prometheus/registry.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace boost::asio {
class io_context;
}

namespace holdfast::worker {

// Who this process is, as the supervisor says in the environment.
struct Identity {
  std::string name;  // "api-worker.0"; the program's name and pid when run alone
  std::uint64_t incarnation = 1;
  std::string predecessor;  // "signal 11 (SIGSEGV)"; empty if the slot is new or was stopped
  std::uint32_t slot = 0;
};

// What a Service may use. References stay valid until the service is destroyed.
class Context {
 public:
  virtual ~Context() = default;
  virtual boost::asio::io_context& io() = 0;
  virtual const config::Config& config() const = 0;
  virtual const Identity& identity() const = 0;
  virtual log::Logger& log() = 0;
  virtual prometheus::Registry& registry() = 0;
  virtual const Clock& clock() const = 0;
  // The descriptor that the supervisor passed under this name (common/protocol/names.hpp). The
  // second call for a name returns nothing.
  virtual std::optional<Fd> take_fd(const std::string& name) = 0;
  // Every socket that clients connect to, TCP or Unix, whatever its name; not the worker's own
  // (common/protocol/names.hpp). A second call returns nothing. Sockets that nobody takes are named
  // in a warning.
  virtual std::vector<notify::NamedFd> take_listeners() = 0;
  virtual bool supervised() const = 0;
  // Serves the whole stack's metrics and readiness: RUNTIME_DIR/status.sock, or empty.
  virtual const std::string& status_socket() const = 0;
  // Registers the heartbeat of a thread. Keep the pointer as long as the service lives.
  virtual std::shared_ptr<Beat> add_beat() = 0;
  // Shown by `holdfast status`.
  virtual void set_status(const std::string& text) = 0;
  // Ends within a second with exit_code_of(), as only a new process can go on. Any thread.
  virtual void begin_anew(const Error& why) = 0;
};

class Service {
 public:
  virtual ~Service() = default;
  // Take no new work, finish or give back what is in progress, then call `done` on the loop.
  virtual void drain(std::function<void()> done) = 0;
  // For GET /ready on the telemetry socket: whether what this worker depends on is available. Calls
  // `done` once, on the loop, at once or later.
  virtual void check(std::function<void(Result<void>)> done) { done({}); }
  // Called before each scrape, to set gauges that are computed rather than kept; then calls `done`
  // likewise.
  virtual void before_scrape(std::function<void()> done) { done(); }
};

// Builds the service. Its error ends the process with exit_code_of().
using MakeService = std::function<Result<std::unique_ptr<Service>>(Context&)>;

// kConfig for InvalidArgument, which is for what the configuration says and nothing else: a worker
// that ends with it is not tried again. kUnavailable if what it needs is not there, full, damaged,
// or not what it will be: a database that is being restored or migrated.
int exit_code_of(const Error& error);

// Returns the exit code of main. `--help` and `--version` are answered here.
int run_worker(int argc, char** argv, const std::string& program, const MakeService& make_service);

}  // namespace holdfast::worker
