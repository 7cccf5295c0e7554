// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/service.hpp"

#include "common/base/id.hpp"
#include "common/config/load.hpp"
#include "common/metrics/instruments.hpp"
#include "common/metrics/store_metrics.hpp"
#include "common/protocol/doorbell.hpp"
#include "common/protocol/names.hpp"
#include "common/worker/configuration.hpp"
#include "common/worker/provider_hooks.hpp"
#include "common/worker/store_log.hpp"
#include "common/worker/store_use.hpp"
#include "queue-worker/jobs/job_loop.hpp"
#include "queue-worker/jobs/reporter.hpp"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>

namespace holdfast::queue {

namespace {

using namespace std::chrono_literals;

constexpr Duration kGiveBackTime = 2s;
constexpr Duration kLeastBudget = 1s;

std::uint64_t random_seed() {
  std::uint64_t seed = 0;
  fill_random({reinterpret_cast<unsigned char*>(&seed), sizeof seed});
  return seed;
}

LoopOptions loop_options(const worker::Context& context) {
  const config::Config& config = context.config();
  const worker::Identity& identity = context.identity();
  LoopOptions options;
  options.identity = {identity.name, identity.incarnation, identity.predecessor};
  options.limits = config.queue;
  options.chunking = embedding::chunk_options(config.embedding);
  options.drain_budget = drain_budget(config, identity.name);
  options.seed = random_seed();
  return options;
}

// Where this worker notes which jobs it is at. It works as well without.
protocol::InFlightTable in_flight_table(worker::Context& context) {
  const auto memory = context.take_fd(protocol::kInFlightFd);
  if (!memory) return {};
  auto table = protocol::InFlightTable::map(*memory);
  if (table) return std::move(*table);
  context.log().warn("a crash report of this worker will not say which jobs it was at",
                     {{"err", log::err_of(table.error())}});
  return {};
}

// The bell that API workers of this host ring, and so does the store when it hears of jobs that
// other hosts have stored. A worker that runs alone has one of its own for that.
Result<std::optional<Fd>> bell_of(worker::Context& context, store::Store& store) {
  std::optional<Fd> bell = context.take_fd(protocol::kDoorbellFd);
  if (!store.announces_jobs()) return bell;
  if (!bell) bell.emplace(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  Fd same(::fcntl(bell->get(), F_DUPFD_CLOEXEC, 0));
  if (!same) return fail_errno(errno, "duplicate the doorbell");
  store.watch_for_jobs([doorbell = std::make_shared<const protocol::Doorbell>(std::move(same))] {
    doorbell->ring();
  });
  return bell;
}

class QueueService final : public worker::Service {
 public:
  QueueService(worker::Context& context, std::unique_ptr<store::Store> store,
               std::unique_ptr<embedding::Provider> provider)
      : context_(context),
        store_(std::move(store)),
        provider_(std::move(provider)),
        reporter_(context.log(), context.registry(), context.clock(), kQueue,
                  std::string(provider_->name())),
        store_up_(metrics::Gauges(context.registry(), "store_up").only()),
        store_log_(context.log()),
        provider_up_(provider_->is_remote()
                         ? &metrics::Gauges(context.registry(), "embedding_provider_up").only()
                         : nullptr),
        in_flight_(in_flight_table(context)),
        use_(context.registry(), *store_),
        reads_(context.io(), *store_) {}

  Result<void> start(protocol::DoorbellListener doorbell) {
    std::vector<std::shared_ptr<worker::Beat>> beats;
    const std::uint32_t threads = std::max(context_.config().queue.concurrency, 1u);
    for (std::uint32_t i = 0; i < threads; ++i)
      beats.push_back(context_.add_beat());
    loop_ = JobLoop::create(
        {context_.io(), *store_, *provider_, reporter_, context_.clock(), &in_flight_},
        loop_options(context_), std::move(doorbell), std::move(beats));
    return loop_->start();
  }

  void drain(std::function<void()> done) override { loop_->drain(std::move(done)); }

  void check(std::function<void(Result<void>)> done) override {
    reads_.bounded([](store::Store& store) { return store.check(); },
                   [this, done = std::move(done)](Result<void> checked) {
                     const embedding::ProviderState state = provider_->state();
                     if (checked && !state.up) {
                       checked = fail(ErrorKind::Unavailable,
                                      "the embedding provider takes no texts: " + state.reason);
                     }
                     done(std::move(checked));
                   });
  }

  void before_scrape(std::function<void()> done) override {
    reads_.off_loop(
        [this](store::Store& store) -> Result<store::QueueStats> {
          use_.show_files();
          HOLDFAST_TRY(store.check());
          return store.queue_stats(kQueue);
        },
        [this, done = std::move(done)](const Result<store::QueueStats>& stats) {
          show(stats);
          done();
        });
  }

 private:
  static constexpr const char* kQueue = "default";

  void show(const Result<store::QueueStats>& stats) {
    use_.show_connections(true);
    store_up_.Set(stats ? 1 : 0);
    store_log_.looked(stats ? nullptr : &stats.error());
    const embedding::ProviderState state = provider_->state();
    if (provider_up_ != nullptr) provider_up_->Set(state.up ? 1 : 0);
    if (!stats) return;
    reporter_.set_sizes(*stats);
    const bool paused = stats->paused || !stats->paused_kinds.empty();
    std::string status =
        fmt::format("{}{} ready, {} running, {} waiting, {} dead", paused ? "paused: " : "",
                    stats->ready, stats->running, stats->waiting, stats->dead);
    if (stats->outdated_documents > 0) {
      status += fmt::format("; {} documents to embed again", stats->outdated_documents);
    }
    // The most pressing first: a table shows the beginning.
    if (!state.up) {
      status = fmt::format("embedding provider down: {}; {}", state.reason, status);
    } else if (!state.takes_texts) {
      status = fmt::format("embedding provider asks to wait; {}", status);
    }
    if (status != status_) context_.set_status(status_ = status);
  }

  worker::Context& context_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<embedding::Provider> provider_;
  Reporter reporter_;
  prometheus::Gauge& store_up_;
  worker::StoreLog store_log_;
  prometheus::Gauge* provider_up_;  // null: it needs no network
  protocol::InFlightTable in_flight_;
  worker::StoreUse use_;
  std::string status_;
  StoreReads reads_;
  std::shared_ptr<JobLoop> loop_;  // last: it uses all of the above
};

}  // namespace

Duration drain_budget(const config::Config& config, const std::string& worker_name) {
  return std::max(worker::stop_timeout_of(config, worker_name) - kGiveBackTime, kLeastBudget);
}

Result<std::unique_ptr<worker::Service>> make_service(worker::Context& context) {
  const config::Config& config = context.config();
  HOLDFAST_TRY_ASSIGN(
      auto provider,
      embedding::make_provider(
          config.embedding,
          {worker::provider_hooks(config.embedding, context.registry(), context.log()),
           config::environ_of_process()}));
  store::OpenOptions options = store::open_options(config);
  options.on_commit = metrics::commit_observer(context.registry());
  options.on_lost = [&context](const Error& why) { context.begin_anew(why); };
  options.on_read = metrics::read_observer(context.registry());
  if (store::is_server(store::store_url(config))) {
    options.on_pool_wait = metrics::pool_wait_observer(context.registry());
  }
  HOLDFAST_TRY_ASSIGN(auto store,
                      store::open_store(store::store_url(config), options, context.clock()));
  HOLDFAST_TRY_ASSIGN(std::optional<Fd> bell, bell_of(context, *store));
  HOLDFAST_TRY_ASSIGN(protocol::DoorbellListener doorbell,
                      protocol::DoorbellListener::open(context.io(), std::move(bell)));
  auto service = std::make_unique<QueueService>(context, std::move(store), std::move(provider));
  HOLDFAST_TRY(service->start(std::move(doorbell)));
  return service;
}

}  // namespace holdfast::queue
