// SPDX-License-Identifier: Apache-2.0
#include "common/worker/process.hpp"

#include "common/metrics/exposition.hpp"
#include "common/metrics/instruments.hpp"
#include "common/metrics/registry.hpp"
#include "common/protocol/names.hpp"
#include "common/worker/configuration.hpp"
#include "common/worker/crash_handler.hpp"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <cstdlib>

namespace holdfast::worker {

namespace {

using namespace std::chrono_literals;

// How long a drained worker waits for its last scrape: long enough for a busy machine.
constexpr Duration kLastScrape = 300ms;
// How long a worker that begins anew goes on with what it has: others wait for its end.
constexpr Duration kLastWork = 1s;

// A third of what sd_notify(3) advises, so that two lost beats still do not look like a hang.
Duration turn_interval(const notify::Notifier& notifier) {
  const auto half = notifier.watchdog_interval();
  return half ? std::clamp<Duration>(*half / 3, 10ms, 1s) : Duration(1s);
}

}  // namespace

WorkerProcess::WorkerProcess(config::Config config, Identity identity,
                             std::vector<notify::NamedFd> descriptors, notify::Notifier notifier,
                             std::string status_socket)
    : config_(std::move(config)),
      identity_(std::move(identity)),
      descriptors_(std::move(descriptors)),
      levels_(take_level_page(descriptors_)),
      log_(log_options()),
      notifier_(std::move(notifier)),
      reports_(io_, notifier_, log_),
      status_socket_(std::move(status_socket)),
      signals_(io_, SIGTERM, SIGINT),
      turn_timer_(io_),
      last_scrape_timer_(io_),
      end_timer_(io_),
      loop_lag_(&metrics::Histograms(registry_, "event_loop_lag_seconds").only()),
      lines_dropped_(&metrics::Counters(registry_, "log_lines_dropped_total").only()),
      heap_(registry_),
      turn_interval_(turn_interval(notifier_)) {
  write_on_crash(log_.waiting());
}

log::LogOptions WorkerProcess::log_options() {
  log::LogOptions options = log::options_for(config_.log.level, config_.log.format);
  options.defer = [this](std::function<void()> flush) { boost::asio::post(io_, std::move(flush)); };
  if (levels_) options.chosen_level = levels_->at(identity_.slot);
  options.redact = redact_paths(config_);
  return options;
}

// Services and connections use the loop, so they are destroyed first.
WorkerProcess::~WorkerProcess() {
  write_on_crash(nullptr);
  service_.reset();
  telemetry_.reset();
}

std::optional<Fd> WorkerProcess::take_fd(const std::string& name) {
  Fd fd = notify::take_named(descriptors_, name);
  if (!fd) return std::nullopt;
  return fd;
}

std::vector<notify::NamedFd> WorkerProcess::take_listeners() {
  return notify::take_listeners(descriptors_, protocol::is_reserved_fd);
}

// Clients that connect to such a socket would wait for ever without a trace.
void WorkerProcess::warn_of_unserved_sockets() {
  for (const notify::NamedFd& socket : take_listeners()) {
    log_.warn("this program does not serve a socket that it was handed: remove it from 'sockets'",
              {{"socket", socket.name}});
  }
}

std::shared_ptr<Beat> WorkerProcess::add_beat() {
  beats_.push_back(std::make_shared<Beat>());
  return beats_.back();
}

void WorkerProcess::set_status(const std::string& text) {
  reports_.status(text);
}

int WorkerProcess::run(std::unique_ptr<Service> service) {
  service_ = std::move(service);
  serve_telemetry();
  warn_of_unserved_sockets();
  signals_.async_wait([this](const boost::system::error_code& error, int) {
    if (!error) drain();
  });
  next_turn_ = clock_.mono();
  turn();
  reports_.ready();
  log_.debug("ready", {{"incarnation", identity_.incarnation}});
  io_.run();
  return drained_ ? exit_code_ : exit_code::kSoftware;
}

void WorkerProcess::serve_telemetry() {
  std::optional<Fd> listener = take_fd(protocol::kTelemetryFd);
  if (!listener) return;
  http::ServerLimits limits;
  limits.max_connections = 64;
  limits.max_connections_per_client = 64;
  telemetry_ = std::make_unique<http::Server>(
      io_, limits,
      [this](const std::shared_ptr<http::Request>& request, const http::Responder& respond) {
        answer(*request, [this, request, respond](http::Response response) {
          respond(std::move(response));
          // The supervisor has the final figures: a drained worker need not wait any longer.
          if (drained_ && request->query_value(protocol::kFinalQuery) != nullptr) {
            last_scrape_timer_.expires_after(20ms);  // until the answer is sent
            last_scrape_timer_.async_wait([this](const boost::system::error_code& error) {
              if (!error) finish();
            });
          }
        });
      },
      [](const http::Request&, const http::Refusal& refusal) {
        return http::Response::text(refusal.status, refusal.detail + "\n");
      });
  if (const auto listening = telemetry_->listen(std::move(*listener)); !listening) {
    log_.error("cannot serve the telemetry socket", {{"err", log::err_of(listening.error())}});
  }
}

void WorkerProcess::answer(const http::Request& request, const http::Responder& respond) {
  if (request.method != "GET") return respond(http::Response::text(405, "use GET\n"));
  if (request.path == protocol::kMetricsPath) {
    return service_->before_scrape([this, respond] { respond(metrics_response()); });
  }
  if (request.path == protocol::kReadyPath) {
    if (draining_) return respond(http::Response::text(503, "draining\n"));
    return service_->check([respond](const Result<void>& checked) {
      respond(checked ? http::Response::text(200, "ready\n")
                      : http::Response::text(503, checked.error().message + "\n"));
    });
  }
  respond(http::Response::text(404, "not found: this socket serves /metrics and /ready\n"));
}

http::Response WorkerProcess::metrics_response() {
  heap_.update();
  const double dropped = static_cast<double>(log_.dropped());
  if (dropped > lines_dropped_->Value()) {
    lines_dropped_->Increment(dropped - lines_dropped_->Value());
  }
  std::string text;
  metrics::write_text(registry_, text);
  return http::Response::text(200, std::move(text),
                              metrics::content_type(metrics::Format::Text004));
}

// Runs at every interval: beats the watchdog, unless the heartbeat of a working thread is overdue.
void WorkerProcess::turn() {
  const MonoTime now = clock_.mono();
  loop_lag_->Observe(std::max(0.0, std::chrono::duration<double>(now - next_turn_).count()));
  const auto half = notifier_.watchdog_interval();
  const bool fresh = !half || std::all_of(beats_.begin(), beats_.end(), [&](const auto& beat) {
    return beat->fresh(now, *half);
  });
  if (fresh && half) reports_.watchdog();
  log_.flush();
  next_turn_ = now + turn_interval_;
  turn_timer_.expires_at(next_turn_);
  turn_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) turn();
  });
}

void WorkerProcess::drain() {
  if (draining_) return;
  draining_ = true;
  log_.debug("draining");
  reports_.stopping();
  // A second signal changes nothing: SIGKILL is there for those in a hurry.
  signals_.async_wait([](const boost::system::error_code&, int) {});
  service_->drain([this] { drained(); });
}

void WorkerProcess::begin_anew(const Error& why) {
  boost::asio::post(io_, [this, why] {
    if (draining_) return;  // it ends anyway
    log_.error("ends, to be started anew", {{"err", log::err_of(why)}});
    exit_code_ = exit_code_of(why);
    end_timer_.expires_after(kLastWork);
    end_timer_.async_wait([this](const boost::system::error_code& error) {
      if (!error) end_at_once();
    });
    drain();
  });
}

// Whatever is still at work cannot store its result any more.
void WorkerProcess::end_at_once() {
  log_.flush();
  std::_Exit(exit_code_);
}

void WorkerProcess::drained() {
  if (drained_) return;
  drained_ = true;
  if (!telemetry_ || !notifier_.active()) {
    finish();
    return;
  }
  reports_.send(fmt::format("{}=1", protocol::kDrainedKey));
  last_scrape_timer_.expires_after(kLastScrape);
  last_scrape_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error) finish();
  });
}

void WorkerProcess::finish() {
  log_.debug("drained");
  io_.stop();
}

}  // namespace holdfast::worker
