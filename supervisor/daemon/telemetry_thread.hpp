// SPDX-License-Identifier: Apache-2.0
#pragma once

// TelemetryThread: the collector, the status endpoint (TCP and status.sock, read-only) and the
// admin socket, on a thread of their own, so that no request ever delays supervision.
//
// Threads: construct, start and stop on the main thread. The TelemetryLink methods may be called
// from any thread and return at once.

#include "common/http/server.hpp"
#include "common/os/fd.hpp"
#include "supervisor/alerts/alert_thread.hpp"
#include "supervisor/collector/collector.hpp"
#include "supervisor/daemon/alert_delivery.hpp"
#include "supervisor/logs/log_relay.hpp"
#include "supervisor/state/control.hpp"
#include "supervisor/state/crash_store.hpp"
#include "supervisor/state/event_log.hpp"
#include "supervisor/state/loop_metrics.hpp"
#include "supervisor/state/snapshot.hpp"
#include "supervisor/state/telemetry_link.hpp"
#include "supervisor/status/allowed_hosts.hpp"
#include "supervisor/status/compressor.hpp"
#include "supervisor/status/event_feed.hpp"
#include "supervisor/status/log_feed.hpp"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>

#include <array>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::supervisor::daemon {

struct Endpoints {
  Fd tcp;     // empty if [supervisor] status_listen = ""
  Fd status;  // RUNTIME_DIR/status.sock
  Fd admin;   // RUNTIME_DIR/admin.sock
};

class TelemetryThread final : public TelemetryLink {
 public:
  TelemetryThread(const Clock& clock, const SnapshotCell& snapshots, const Heartbeat& heartbeat,
                  EventLog& events, const LoopMetrics& metrics, logs::LogRelay& relay,
                  const log::Logger& log, telemetry::LedgerSettings settings,
                  status::AllowedHosts hosts, CrashStore& crashes);
  ~TelemetryThread() override;  // stops

  // The alerts that /status shows, and that are told of the metrics. Before start(); it must
  // outlive the thread.
  void use(alerts::AlertThread& alerts);
  // For POST /alerts/test and the metrics of delivery. Before start(); it must outlive the thread.
  void use(AlertDelivery& delivery);

  // `control` and `memory` must outlive the thread, on which `on_scraped` is called.
  Result<void> start(Endpoints endpoints, FleetControl& control, MemoryObserver& memory,
                     collector::Collector::OnAnswers on_scraped);
  void stop();

  void started(const MetricsSource& source) override;
  void drained(const core::ProcessId& process) override;
  void stopping(const core::ProcessId& process, std::function<void()> done) override;
  void exited(const core::ProcessId& process) override;
  void serve(Endpoint endpoint, Fd listener) override;

 private:
  enum class Kind { Tcp, Status, Admin };
  http::ServerLimits limits_of(Kind kind);
  bool is_restricted(int connection);
  void hold_spare_descriptors();
  Result<std::unique_ptr<http::Server>> make_server(Fd listener, Kind kind);
  void retire(std::unique_ptr<http::Server> server);
  void answer_metrics(const std::shared_ptr<http::Request>& request, http::Responder respond);

  const Clock& clock_;
  const SnapshotCell& snapshots_;
  const Heartbeat& heartbeat_;
  const status::AllowedHosts hosts_;
  CrashStore& crashes_;
  std::array<Fd, 2> spare_;
  boost::asio::io_context io_{1};
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  status::EventFeed feed_;
  status::LogFeed logs_;
  collector::Collector collector_;
  status::Compressor compressor_;
  FleetControl* control_ = nullptr;
  alerts::AlertThread* alerts_ = nullptr;
  AlertDelivery* delivery_ = nullptr;
  std::unique_ptr<http::Server> tcp_;
  std::unique_ptr<http::Server> status_;
  std::unique_ptr<http::Server> admin_;
  std::vector<std::unique_ptr<http::Server>> retired_;  // whose sockets' files have vanished
  std::thread thread_;
};

}  // namespace holdfast::supervisor::daemon
