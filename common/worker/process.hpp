// SPDX-License-Identifier: Apache-2.0
#pragma once

// WorkerProcess: the Context of a service, and the loop that it runs on. Private to this folder.
//
// Threads: the main thread's.

#include "common/http/server.hpp"
#include "common/log/level_page.hpp"
#include "common/metrics/heap.hpp"
#include "common/notify/listen_fds.hpp"
#include "common/notify/notify.hpp"
#include "common/os/exit_codes.hpp"
#include "common/worker/reports.hpp"
#include "common/worker/runtime.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>

#include <vector>

namespace holdfast::worker {

class WorkerProcess final : public Context {
 public:
  WorkerProcess(config::Config config, Identity identity, std::vector<notify::NamedFd> descriptors,
                notify::Notifier notifier, std::string status_socket);
  ~WorkerProcess() override;

  boost::asio::io_context& io() override { return io_; }
  const config::Config& config() const override { return config_; }
  const Identity& identity() const override { return identity_; }
  log::Logger& log() override { return log_; }
  prometheus::Registry& registry() override { return registry_; }
  const Clock& clock() const override { return clock_; }
  std::optional<Fd> take_fd(const std::string& name) override;
  std::vector<notify::NamedFd> take_listeners() override;
  bool supervised() const override { return notifier_.active(); }
  const std::string& status_socket() const override { return status_socket_; }
  std::shared_ptr<Beat> add_beat() override;
  void set_status(const std::string& text) override;
  void begin_anew(const Error& why) override;

  // Serves until drained. Returns the exit code.
  int run(std::unique_ptr<Service> service);

 private:
  log::LogOptions log_options();
  void serve_telemetry();
  void warn_of_unserved_sockets();
  void answer(const http::Request& request, const http::Responder& respond);
  http::Response metrics_response();
  void turn();
  void drain();
  void drained();
  void finish();
  [[noreturn]] void end_at_once();

  SystemClock clock_;
  config::Config config_;
  Identity identity_;
  boost::asio::io_context io_{1};
  std::vector<notify::NamedFd> descriptors_;
  std::optional<log::LevelPage> levels_;
  log::Logger log_;  // posts to the loop, and writes what is left when it is destroyed
  prometheus::Registry registry_;
  notify::Notifier notifier_;
  Reports reports_;
  std::string status_socket_;

  boost::asio::signal_set signals_;
  boost::asio::steady_timer turn_timer_;
  boost::asio::steady_timer last_scrape_timer_;
  boost::asio::steady_timer end_timer_;
  std::vector<std::shared_ptr<Beat>> beats_;
  prometheus::Histogram* loop_lag_ = nullptr;
  prometheus::Counter* lines_dropped_ = nullptr;
  metrics::HeapInstruments heap_;
  Duration turn_interval_{};
  MonoTime next_turn_{};
  std::unique_ptr<http::Server> telemetry_;
  std::unique_ptr<Service> service_;
  bool draining_ = false;
  bool drained_ = false;
  int exit_code_ = exit_code::kOk;
};

}  // namespace holdfast::worker
