// SPDX-License-Identifier: Apache-2.0
#include "supervisor/daemon/telemetry_thread.hpp"

#include "common/http/list_field.hpp"
#include "common/http/vary.hpp"
#include "common/metrics/exposition.hpp"
#include "common/protocol/names.hpp"
#include "supervisor/alerts/alert_families.hpp"
#include "supervisor/alerts/notification_families.hpp"
#include "supervisor/collector/scrape_wait.hpp"
#include "supervisor/process/descent.hpp"
#include "supervisor/status/connection_room.hpp"
#include "supervisor/status/routes.hpp"

#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <pthread.h>
#include <sys/resource.h>

#include <algorithm>
#include <utility>

namespace holdfast::supervisor::daemon {

namespace {

constexpr std::uint32_t kMostPerClient = 64;
constexpr Duration kLongPoll = std::chrono::seconds(2);  // what waits for longer waits for news

std::size_t count_slots(const FleetSnapshot& snapshot) {
  std::size_t count = 0;
  for (const core::ProgramView& program : snapshot.view.programs)
    count += std::max<std::size_t>(program.slots.size(), program.config->replicas);
  return count;
}

}  // namespace

TelemetryThread::TelemetryThread(const Clock& clock, const SnapshotCell& snapshots,
                                 const Heartbeat& heartbeat, EventLog& events,
                                 const LoopMetrics& metrics, logs::LogRelay& relay,
                                 const log::Logger& log, telemetry::LedgerSettings settings,
                                 status::AllowedHosts hosts, CrashStore& crashes)
    : clock_(clock),
      snapshots_(snapshots),
      heartbeat_(heartbeat),
      hosts_(std::move(hosts)),
      crashes_(crashes),
      work_(boost::asio::make_work_guard(io_)),
      feed_(io_, events, std::to_string(to_unix_ms(clock.wall()))),
      logs_(io_, relay.recent()),
      collector_(io_, clock, snapshots, metrics, relay, log, std::move(settings)) {}

TelemetryThread::~TelemetryThread() {
  stop();
}

// Clients are few, and each must get in: Prometheus, an API worker, an administrator. None of them
// can be kept out by connections that somebody else leaves open, and all of them together take no
// descriptor that the workers need.
http::ServerLimits TelemetryThread::limits_of(Kind kind) {
  http::ServerLimits limits;
  limits.max_body_bytes = 64u << 10;
  limits.max_connections = status::kMostConnections;
  limits.max_connections_per_client = kMostPerClient;
  limits.make_room = true;
  limits.max_refusing = status::kMostRefusing;
  limits.count_processes = true;
  limits.room = [this] {
    rlimit files{};
    if (::getrlimit(RLIMIT_NOFILE, &files) != 0) files.rlim_cur = RLIM_INFINITY;
    return status::connection_room(files.rlim_cur, count_slots(*snapshots_.load()));
  };
  // A command answers when its work is done, and a rolling restart may take long.
  limits.handler_timeout = std::chrono::hours(24);
  if (kind == Kind::Admin) {
    limits.restricts = [this](int connection) { return is_restricted(connection); };
    limits.body_limit = [](const http::Request& head) -> std::uint64_t {
      return head.path == protocol::kConfigDiffPath ? 32u << 20 : 64u << 10;
    };
  }
  if (kind != Kind::Admin) limits.handling_kept = kLongPoll;
  return limits;
}

// Two descriptors are kept for the question, so that an administrator is known for one when there
// are no others left.
bool TelemetryThread::is_restricted(int connection) {
  for (Fd& spare : spare_)
    spare.reset();
  const bool restricted = process::is_from_descendant(connection);
  hold_spare_descriptors();
  return restricted;
}

void TelemetryThread::hold_spare_descriptors() {
  for (Fd& spare : spare_)
    spare = Fd(::open("/dev/null", O_RDONLY | O_CLOEXEC));
}

Result<std::unique_ptr<http::Server>> TelemetryThread::make_server(Fd listener, Kind kind) {
  const status::Sources sources{
      snapshots_,
      heartbeat_,
      clock_,
      feed_,
      logs_,
      [this](const std::shared_ptr<http::Request>& request, http::Responder respond) {
        answer_metrics(request, std::move(respond));
      },
      [this](std::int64_t pid) {
        const collector::Usage usage = collector_.usage_of(pid);
        return status::ProcessUsage{usage.memory_bytes, usage.cpu_percent};
      },
      [this]() -> const telemetry::StackHistory& { return collector_.history(); },
      alerts_,
      &crashes_,
      [this](std::optional<std::string> receiver, status::AlertsTested done) {
        if (delivery_ == nullptr) return done({});
        delivery_->test(std::move(receiver), std::move(done));
      }};
  FleetControl* const control = kind == Kind::Admin ? control_ : nullptr;
  const status::AllowedHosts* const hosts = kind == Kind::Tcp ? &hosts_ : nullptr;
  auto server = std::make_unique<http::Server>(
      io_, limits_of(kind), compressor_.wrap(status::make_handler(sources, control, hosts)),
      status::refuse);
  HOLDFAST_TRY(server->listen(std::move(listener)));
  return server;
}

void TelemetryThread::answer_metrics(const std::shared_ptr<http::Request>& request,
                                     http::Responder respond) {
  const auto accept = http::list_field(request->headers, "Accept");
  const metrics::Format format = accept ? metrics::negotiate(*accept) : metrics::Format::Text004;
  const Duration wait =
      collector::scrape_wait(request->headers.find("X-Prometheus-Scrape-Timeout-Seconds"));
  collector_.scrape(format, wait, [respond = std::move(respond), format](std::string text) {
    http::Response response =
        http::Response::text(200, std::move(text), metrics::content_type(format));
    response.headers.set("Cache-Control", "no-store");
    http::add_vary(response, "Accept");
    respond(std::move(response));
  });
}

void TelemetryThread::use(alerts::AlertThread& alerts) {
  alerts_ = &alerts;
  collector_.on_totals([&alerts](const telemetry::Totals& totals) { alerts.on_totals(totals); });
  collector_.add_families([&alerts] { return alerts::alert_families(*alerts.view()); });
}

void TelemetryThread::use(AlertDelivery& delivery) {
  delivery_ = &delivery;
  collector_.add_families(
      [&delivery] { return alerts::notification_families(delivery.delivery().metrics()); });
}

Result<void> TelemetryThread::start(Endpoints endpoints, FleetControl& control,
                                    MemoryObserver& memory,
                                    collector::Collector::OnAnswers on_scraped) {
  control_ = &control;
  hold_spare_descriptors();
  if (endpoints.tcp) {
    HOLDFAST_TRY_ASSIGN(tcp_, make_server(std::move(endpoints.tcp), Kind::Tcp));
  }
  HOLDFAST_TRY_ASSIGN(status_, make_server(std::move(endpoints.status), Kind::Status));
  HOLDFAST_TRY_ASSIGN(admin_, make_server(std::move(endpoints.admin), Kind::Admin));
  collector_.on_answers(std::move(on_scraped));
  collector_.begin(memory);
  thread_ = std::thread([this] {
    ::pthread_setname_np(::pthread_self(), "telemetry");
    io_.run();
  });
  return {};
}

void TelemetryThread::stop() {
  if (!thread_.joinable()) return;
  // Answer waiting readers before the connections close.
  boost::asio::post(io_, [this] {
    feed_.release_all();
    logs_.release_all();
    collector_.end();
    boost::asio::post(io_, [this] {
      for (auto* server : {&tcp_, &status_, &admin_})
        server->reset();
      retired_.clear();
      io_.stop();
    });
  });
  thread_.join();
}

void TelemetryThread::serve(Endpoint endpoint, Fd listener) {
  boost::asio::post(io_, [this, endpoint, shared = std::make_shared<Fd>(std::move(listener))] {
    const bool admin = endpoint == Endpoint::Admin;
    auto& place = admin ? admin_ : status_;
    auto server = make_server(std::move(*shared), admin ? Kind::Admin : Kind::Status);
    if (!server || !place) return;  // without memory or descriptors, or stopping
    retire(std::exchange(place, std::move(*server)));
  });
}

// It answers what it has been asked, and is gone with its last connection.
void TelemetryThread::retire(std::unique_ptr<http::Server> server) {
  http::Server* const raw = server.get();
  retired_.push_back(std::move(server));
  raw->drain([this, raw] {
    boost::asio::post(io_, [this, raw] {
      std::erase_if(retired_, [raw](const auto& other) { return other.get() == raw; });
    });
  });
}

void TelemetryThread::started(const MetricsSource& source) {
  boost::asio::post(io_, [this, source] { collector_.started(source); });
}

void TelemetryThread::drained(const core::ProcessId& process) {
  boost::asio::post(io_, [this, process] { collector_.drained(process); });
}

void TelemetryThread::stopping(const core::ProcessId& process, std::function<void()> done) {
  boost::asio::post(io_, [this, process, done = std::move(done)]() mutable {
    collector_.stopping(process, std::move(done));
  });
}

void TelemetryThread::exited(const core::ProcessId& process) {
  boost::asio::post(io_, [this, process] { collector_.exited(process); });
}

}  // namespace holdfast::supervisor::daemon
