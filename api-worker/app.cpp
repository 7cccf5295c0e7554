// SPDX-License-Identifier: Apache-2.0
#include "api-worker/app.hpp"

#include "api-worker/handlers/routes.hpp"
#include "api-worker/middleware/access_log.hpp"
#include "api-worker/middleware/api_keys.hpp"
#include "api-worker/middleware/cache_control.hpp"
#include "api-worker/middleware/client_address.hpp"
#include "api-worker/middleware/cors.hpp"
#include "api-worker/middleware/in_flight.hpp"
#include "api-worker/middleware/key_scope.hpp"
#include "api-worker/middleware/key_uses.hpp"
#include "api-worker/middleware/pipeline.hpp"
#include "api-worker/middleware/rate_limit.hpp"
#include "api-worker/middleware/request_id.hpp"
#include "api-worker/middleware/request_limits.hpp"
#include "api-worker/middleware/request_metrics.hpp"
#include "api-worker/middleware/security_headers.hpp"
#include "api-worker/rate_limit/redis_setup.hpp"
#include "common/config/load.hpp"
#include "common/metrics/instruments.hpp"
#include "common/metrics/store_metrics.hpp"
#include "common/net/listen.hpp"
#include "common/os/file_limit.hpp"
#include "common/protocol/names.hpp"
#include "common/worker/configuration.hpp"
#include "common/worker/provider_hooks.hpp"
#include "common/worker/store_log.hpp"
#include "common/worker/store_use.hpp"

#include <boost/asio/dispatch.hpp>
#include <prometheus/gauge.h>

#include <algorithm>
#include <atomic>

namespace holdfast::api {

namespace {

// Scans that may wait for a thread: at a few milliseconds each, more would time out.
constexpr std::uint32_t kMaxPending = 512;
// Of the time to drain, what is left for the answers and the last scrape when a store that is
// silent is given up.
constexpr Duration kEndTime = std::chrono::seconds(1);

// Where this worker notes what it is at. It works as well without.
protocol::InFlightTable in_flight_table(worker::Context& context) {
  const auto memory = context.take_fd(protocol::kInFlightFd);
  if (!memory) return {};
  auto table = protocol::InFlightTable::map(*memory);
  if (table) return std::move(*table);
  context.log().warn("a crash report of this worker will not say which requests it was at",
                     {{"err", log::err_of(table.error())}});
  return {};
}

Chain make_chain(worker::Context& context, std::vector<net::Network> trusted,
                 const ApiKeys::Parts& parts) {
  const config::Config& config = context.config();
  Chain chain;  // middleware/chain.cpp explains the order
  chain.add_envelope(std::make_unique<RequestId>());
  chain.add_envelope(std::make_unique<InFlight>(in_flight_table(context)));
  chain.add_envelope(
      std::make_unique<ClientAddress>(std::move(trusted), config.http.forwarded_field));
  chain.add_envelope(std::make_unique<AccessLog>(context.log(), context.clock()));
  chain.add_envelope(std::make_unique<RequestMetrics>(context.registry(), context.clock()));
  chain.add_envelope(std::make_unique<SecurityHeaders>(config.security));
  chain.add_envelope(std::make_unique<Cors>(config.cors));
  chain.add_envelope(std::make_unique<CacheControl>());
  chain.add_guard(std::make_unique<RequestLimits>());
  if (config.rate_limit.enabled) {
    chain.add_guard(std::make_unique<RateLimit>(config.rate_limit, parts.limiter, context.clock(),
                                                context.registry()));
  }
  chain.add_guard(std::make_unique<ApiKeys>(config, parts));
  if (config.rate_limit.enabled) {
    chain.add_guard(std::make_unique<KeyRateLimit>(config, parts.limiter));
  }
  chain.add_guard(std::make_unique<KeyScope>());
  return chain;
}

http::ServerLimits limits_of(const config::Http& config, const ConnectionRoom& room,
                             const std::vector<net::Network>& trusted) {
  http::ServerLimits limits;
  limits.max_header_bytes = config.max_header_bytes;
  limits.max_body_bytes = config.max_body_bytes;
  limits.body_limit = [config](const http::Request& head) { return body_limit(head, config); };
  limits.gzip_bodies = true;
  limits.body_memory = config.body_memory;
  limits.header_timeout = config.header_timeout;
  limits.body_timeout = config.body_timeout;
  limits.idle_timeout = config.idle_timeout;
  limits.handler_timeout = config.handler_timeout;
  limits.max_connections = room.connections;
  limits.max_refusing = room.refusing;
  limits.max_connections_per_client = config.max_connections_per_client;
  limits.make_room = true;
  limits.speaks_for_many = [trusted](const http::Peer& peer) { return is_trusted(peer, trusted); };
  return limits;
}

ConnectionRoom room_for_connections(worker::Context& context) {
  const std::uint32_t wanted = context.config().http.max_connections;
  const ConnectionRoom room = make_room_for_connections(wanted);
  if (room.connections < wanted) {
    context.log().warn("the limit on open files allows fewer connections than configured",
                       {{"http_max_connections", wanted}, {"connections", room.connections}});
  }
  return room;
}

// What this worker was handed; only if that is nothing, a socket of its own.
Result<std::vector<notify::NamedFd>> public_listeners(worker::Context& context) {
  std::vector<notify::NamedFd> listeners = context.take_listeners();
  if (!listeners.empty()) return listeners;
  const auto found = context.config().listen.find(protocol::kHttpFd);
  const config::Listen listen =
      found == context.config().listen.end() ? config::Listen{} : found->second;
  HOLDFAST_TRY_ASSIGN(Fd own, net::open_listener(listen.address, listen.backlog));
  listeners.push_back({protocol::kHttpFd, std::move(own)});
  return listeners;
}

// Who begins connections to this listener with a PROXY protocol header.
http::Server::ProxyPeers proxy_peers(const config::Config& config, const std::string& listener,
                                     const std::vector<net::Network>& trusted) {
  const auto found = config.listen.find(listener);
  if (found == config.listen.end() || !found->second.proxy_protocol) return {};
  return [trusted](const http::Peer& peer) { return is_trusted(peer, trusted); };
}

class ApiService final : public worker::Service {
 public:
  ApiService(worker::Context& context, std::unique_ptr<store::Store> store,
             std::unique_ptr<embedding::Provider> embedder,
             const std::vector<net::Network>& trusted, std::vector<net::Network> metrics_allow,
             Limiter limiter)
      : store_(std::move(store)),
        embedder_(std::move(embedder)),
        doorbell_(context.take_fd(protocol::kDoorbellFd)),
        offload_(std::max(context.config().http.store_threads, 1u), kMaxPending,
                 store_->inline_reads()),
        embeddings_(embedder_->is_remote() ? context.config().embedding.concurrency : 1,
                    kMaxPending, false),
        services_{context.io(),
                  context.clock(),
                  *store_,
                  offload_,
                  *embedder_,
                  embeddings_,
                  context.config().embedding.query_timeout,
                  metrics::Counters(context.registry(), "search_text_only_total").only(),
                  context.registry(),
                  doorbell_,
                  [this] { return server_->stats(); },
                  context.identity().name,
                  context.status_socket(),
                  std::move(metrics_allow),
                  context.clock().mono()},
        limiter_(std::move(limiter)),
        redis_(make_redis_store(context, offload_)),
        key_uses_(context.io(), context.clock(), context.log(), *store_,
                  context.config().auth.last_used_interval),
        pipeline_(std::make_shared<Pipeline>(
            context.io(), context.clock(),
            make_chain(context, trusted,
                       {context.io(), context.clock(), *store_, offload_, limiter_, key_uses_,
                        context.log()}),
            make_router(services_), ErrorMapper(context.log(), context.clock()))),
        connections_(metrics::Gauges(context.registry(), "http_connections_open").only()),
        evicted_(metrics::Counters(context.registry(), "http_connections_evicted_total").only()),
        refused_(metrics::Counters(context.registry(), "http_connections_refused_total").only()),
        bodies_(metrics::Gauges(context.registry(), "http_body_bytes").only()),
        pages_(metrics::Gauges(context.registry(), "store_page_cache_bytes").only()),
        vectors_(metrics::Gauges(context.registry(), "store_vector_cache_bytes").only()),
        store_up_(metrics::Gauges(context.registry(), "store_up").only()),
        store_log_(context.log()),
        provider_up_(embedder_->is_remote()
                         ? &metrics::Gauges(context.registry(), "embedding_provider_up").only()
                         : nullptr),
        store_use_(context.registry(), *store_),
        queue_(context.registry(), kQueue),
        keys_expiring_(metrics::Gauges(context.registry(), "api_keys_expiring").only()),
        next_key_expiry_(
            metrics::Gauges(context.registry(), "api_key_next_expiry_timestamp_seconds").only()),
        expiry_warning_(context.config().auth.expiry_warning),
        stop_timeout_(worker::stop_timeout_of(context.config(), context.identity().name)),
        server_(std::make_unique<http::Server>(
            context.io(), limits_of(context.config().http, room_for_connections(context), trusted),
            [pipeline = pipeline_](std::shared_ptr<http::Request> request,
                                   http::Responder respond) {
              pipeline->handle(std::move(request), std::move(respond));
            },
            [pipeline = pipeline_](const http::Request& request, const http::Refusal& refusal) {
              return pipeline->refuse(request, refusal);
            },
            [pipeline = pipeline_](std::shared_ptr<http::Request> request,
                                   http::Admission admission) {
              pipeline->admit(std::move(request), std::move(admission));
            })) {
    if (redis_) limiter_.use(*redis_);
    pipeline_->hold_answers_by([this](http::Response& response, const std::string& client) {
      return server_ == nullptr || server_->hold(response, client);
    });
  }

  Result<void> listen(const config::Config& config, std::vector<notify::NamedFd> listeners,
                      const std::vector<net::Network>& trusted) {
    for (notify::NamedFd& listener : listeners) {
      HOLDFAST_TRY(
          server_->listen(std::move(listener.fd), proxy_peers(config, listener.name, trusted)));
    }
    return {};
  }

  // Work on the pool and in the store uses the services, so it must end before they do.
  ~ApiService() override {
    server_.reset();
    key_uses_.stop();
    redis_.reset();
    embeddings_.stop();  // before the pool that it hands over to
    offload_.stop();
    store_.reset();
  }

  // Once the server is drained, every request has been answered. Nobody waits for the work left on
  // the pool and in the store's writer, but it is finished too.
  void drain(std::function<void()> done) override {
    store_->finish_within(std::max(stop_timeout_ - kEndTime, kEndTime));
    server_->drain([this, done = std::move(done)] {
      key_uses_.stop();
      if (redis_) redis_->stop();
      embeddings_.stop();
      offload_.stop();
      done();
    });
  }

  void check(std::function<void(Result<void>)> done) override {
    const bool taken = offload_.run(Work::PointRead, [this, done] {
      note_expiring_keys();
      boost::asio::dispatch(services_.io, [done, checked = store_->check()] { done(checked); });
    });
    if (!taken) done(fail(ErrorKind::Unavailable, "too many requests are waiting for a thread"));
  }

  void before_scrape(std::function<void()> done) override {
    const http::ServerStats stats = server_->stats();
    connections_.Set(static_cast<double>(stats.connections_open));
    evicted_.Increment(static_cast<double>(stats.connections_evicted) - evicted_.Value());
    refused_.Increment(static_cast<double>(stats.connections_refused) - refused_.Value());
    bodies_.Set(static_cast<double>(stats.body_bytes));
    const store::MemoryUse use = store_->memory_use();
    pages_.Set(static_cast<double>(use.pages));
    if (provider_up_ != nullptr) provider_up_->Set(embedder_->state().up ? 1 : 0);
    vectors_.Set(static_cast<double>(use.vectors));
    store_use_.show_connections(false);  // queue workers listen
    look_at_queue();
    check([this, done = std::move(done)](const Result<void>& checked) {
      store_up_.Set(checked ? 1 : 0);
      store_log_.looked(checked ? nullptr : &checked.error());
      done();
    });
  }

 private:
  static constexpr const char* kQueue = "default";

  // The scrape does not wait for it: the figures are there for the next one. Queue workers report
  // the same, but perhaps none of them runs.
  void look_at_queue() {
    if (looking_.exchange(true)) return;
    const bool taken = offload_.run(Work::Scan, [this] {
      store_use_.show_files();
      if (const auto stats = store_->queue_stats(kQueue)) {
        queue_.show({stats->ready, stats->waiting, stats->running, stats->done, stats->cancelled,
                     stats->dead, stats->oldest_ready_ms,
                     stats->paused || !stats->paused_kinds.empty()});
      }
      looking_ = false;
    });
    if (!taken) looking_ = false;
  }

  // Any thread. As long as the store cannot be read, the last figures stand.
  void note_expiring_keys() {
    const auto keys = store_->expiring_api_keys(expiry_warning_);
    if (!keys) return;
    keys_expiring_.Set(static_cast<double>(keys->count));
    next_key_expiry_.Set(static_cast<double>(keys->next_at) / 1000);
  }

  std::unique_ptr<store::Store> store_;
  std::unique_ptr<embedding::Provider> embedder_;
  protocol::Doorbell doorbell_;
  Offload offload_;
  Offload embeddings_;
  Services services_;
  Limiter limiter_;
  std::unique_ptr<RedisStore> redis_;  // null: not configured
  KeyUses key_uses_;
  std::shared_ptr<Pipeline> pipeline_;
  prometheus::Gauge& connections_;
  prometheus::Counter& evicted_;
  prometheus::Counter& refused_;
  prometheus::Gauge& bodies_;
  prometheus::Gauge& pages_;
  prometheus::Gauge& vectors_;
  prometheus::Gauge& store_up_;
  worker::StoreLog store_log_;
  prometheus::Gauge* provider_up_;  // null: it needs no network
  worker::StoreUse store_use_;
  metrics::QueueMetrics queue_;
  std::atomic<bool> looking_ = false;
  prometheus::Gauge& keys_expiring_;
  prometheus::Gauge& next_key_expiry_;
  const Duration expiry_warning_;
  const Duration stop_timeout_;
  std::unique_ptr<http::Server> server_;
};

}  // namespace

Result<std::unique_ptr<worker::Service>> make_service(worker::Context& context) {
  const config::Config& config = context.config();
  auto trusted = parse_networks(config.http.trusted_proxies);
  if (!trusted) return fail(trusted.error().with_context("http.trusted_proxies"));
  auto metrics_allow = parse_networks(config.http.metrics_allow);
  if (!metrics_allow) return fail(metrics_allow.error().with_context("http.metrics_allow"));
  HOLDFAST_TRY_ASSIGN(
      auto embedder,
      embedding::make_provider(
          config.embedding,
          {worker::provider_hooks(config.embedding, context.registry(), context.log()),
           config::environ_of_process()}));
  const std::string url = store::store_url(config);
  store::OpenOptions options = store::open_options(config);
  options.readers = config.http.store_threads + 1;  // the loop reads too
  options.on_commit = metrics::commit_observer(context.registry());
  options.on_lost = [&context](const Error& why) { context.begin_anew(why); };
  options.on_read = metrics::read_observer(context.registry());
  if (store::is_server(url)) {
    options.on_pool_wait = metrics::pool_wait_observer(context.registry());
  }
  HOLDFAST_TRY_ASSIGN(auto store, store::open_store(url, options, context.clock()));
  HOLDFAST_TRY_ASSIGN(std::vector<notify::NamedFd> listeners, public_listeners(context));
  HOLDFAST_TRY_ASSIGN(
      Limiter limiter,
      make_limiter(context.clock(), context.take_fd(protocol::kRateLimitFd), context.log()));
  auto service =
      std::make_unique<ApiService>(context, std::move(store), std::move(embedder), *trusted,
                                   std::move(*metrics_allow), std::move(limiter));
  HOLDFAST_TRY(service->listen(config, std::move(listeners), *trusted));
  return service;
}

}  // namespace holdfast::api
