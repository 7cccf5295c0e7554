// SPDX-License-Identifier: Apache-2.0
#pragma once

// TelemetryLink: tells the telemetry thread which processes start and exit, and where to serve.
//
// Threads: called on the main loop; implementations post to their own thread and return at once.

#include "common/base/clock.hpp"
#include "common/os/fd.hpp"
#include "supervisor/core/types.hpp"

#include <cstdint>
#include <functional>
#include <string>

namespace holdfast::supervisor {

struct MetricsSource {
  core::ProcessId process;
  std::string program;
  std::string worker;  // "api-worker.0"
  std::int64_t pid = 0;
  std::string url;      // "unix:/run/…:/metrics" or "http://…"; empty: it has none
  Duration interval{};  // between two requests, scrapes of the aggregate apart
  Duration timeout{};   // of a request
  bool own = false;     // one of Holdfast's workers: what it reports needs no label `program`
};

// The endpoints in the runtime directory.
enum class Endpoint { Status, Admin };

class TelemetryLink {
 public:
  virtual ~TelemetryLink() = default;
  virtual void started(const MetricsSource& source) = 0;
  // The worker has drained and waits for its last scrape before it exits.
  virtual void drained(const core::ProcessId& process) = 0;
  // The process is about to be asked to stop: one more scrape before, then `done`, on any thread.
  // `done` is called at once if it has no metrics, and may be called late, or after exited().
  virtual void stopping(const core::ProcessId& process, std::function<void()> done) = 0;
  virtual void exited(const core::ProcessId& process) = 0;
  // The file of an endpoint had vanished: it is served on this socket from now on.
  virtual void serve(Endpoint endpoint, Fd listener) = 0;
};

}  // namespace holdfast::supervisor
