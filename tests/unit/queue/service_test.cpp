// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/service.hpp"

#include "common/base/id.hpp"
#include "common/metrics/registry.hpp"
#include "common/store/store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <boost/asio/io_context.hpp>
#include <fcntl.h>

#include <cstdlib>
#include <future>

using namespace holdfast;
using namespace std::chrono_literals;

namespace {

class FakeContext final : public worker::Context {
 public:
  FakeContext() {
    config_.supervisor.state_dir = dir_.path();
    config_.queue.poll = 10ms;
    REQUIRE(store::migrate_store(store::store_url(config_)));
  }
  boost::asio::io_context& io() override { return io_; }
  const config::Config& config() const override { return config_; }
  const worker::Identity& identity() const override { return identity_; }
  log::Logger& log() override { return log_; }
  prometheus::Registry& registry() override { return registry_; }
  const Clock& clock() const override { return clock_; }
  std::optional<Fd> take_fd(const std::string&) override { return std::nullopt; }
  std::vector<notify::NamedFd> take_listeners() override { return {}; }
  bool supervised() const override { return false; }
  const std::string& status_socket() const override { return none_; }
  std::shared_ptr<worker::Beat> add_beat() override {
    ++beats;
    return std::make_shared<worker::Beat>();
  }
  void set_status(const std::string& text) override { statuses.push_back(text); }
  void begin_anew(const Error&) override {}

  bool run_until(const std::function<bool()>& condition) {
    const auto deadline = std::chrono::steady_clock::now() + 60s;
    while (!condition()) {
      if (std::chrono::steady_clock::now() > deadline) return false;
      io_.restart();
      io_.run_one_for(5ms);
    }
    return true;
  }

  config::Config config_;
  int beats = 0;
  std::vector<std::string> statuses;

 private:
  test::TempDir dir_;
  SystemClock clock_;
  Fd null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  worker::Identity identity_{"queue-worker.0", 1, ""};
  log::Logger log_{[this] {
    log::LogOptions options;
    options.fd = null_.get();
    return options;
  }()};
  prometheus::Registry registry_;
  boost::asio::io_context io_{1};
  std::string none_;
};

std::string post(FakeContext& context) {
  auto opened = store::open_store(store::store_url(context.config_), {}, context.clock());
  REQUIRE(opened);
  store::NewDocument document;
  document.id = make_uuid();
  document.title = "a title";
  document.content = "some text";
  std::promise<bool> stored;
  (*opened)->create_document(document, [&](const auto& result) { stored.set_value(!!result); });
  REQUIRE(stored.get_future().get());
  return document.id;
}

}  // namespace

TEST_CASE("the service embeds what another process posts, shows it, and drains") {
  FakeContext context;
  context.config_.queue.concurrency = 2;
  auto service = queue::make_service(context);
  REQUIRE(service);
  CHECK(context.beats == 2);
  std::optional<Result<void>> checked;
  (*service)->check([&](Result<void> result) { checked = std::move(result); });
  REQUIRE(context.run_until([&] { return checked.has_value(); }));
  CHECK(*checked);
  post(context);
  const auto exposed = [&](const std::string& line) {
    bool ready = false;
    (*service)->before_scrape([&] { ready = true; });
    if (!context.run_until([&] { return ready; })) return false;
    std::string text;
    metrics::write_text(context.registry(), text);
    return text.find(line) != std::string::npos;
  };
  // The store knows first, the loop counts a moment later.
  CHECK(context.run_until([&] {
    return exposed("queue_size{queue=\"default\",state=\"done\"} 1\n") &&
           exposed("queue_jobs_total{outcome=\"done\",queue=\"default\"} 1\n");
  }));
  CHECK(context.statuses.back() == "0 ready, 0 running, 0 waiting, 0 dead");
  bool drained = false;
  (*service)->drain([&] { drained = true; });
  CHECK(context.run_until([&] { return drained; }));
}

TEST_CASE("a wrong configuration is InvalidArgument, so that a restart is not tried") {
  FakeContext context;
  context.config_.embedding.provider = "magic";
  const auto service = queue::make_service(context);
  REQUIRE_FALSE(service);
  CHECK(service.error().kind == ErrorKind::InvalidArgument);
}

TEST_CASE("a store that was never migrated keeps the service from starting") {
  FakeContext context;
  const test::TempDir empty;
  context.config_.supervisor.state_dir = empty.path();
  const auto service = queue::make_service(context);
  REQUIRE_FALSE(service);
  CHECK(service.error().message.find("migrate") != std::string::npos);
}

TEST_CASE("a database that is being restored or migrated has the start tried again") {
  const char* const states[] = {"UPDATE schema_version SET version = version - 1",
                                "INSERT INTO schema_version VALUES(999, 'later', 0)",
                                "DROP TABLE schema_version"};
  for (const char* const state : states) {
    INFO(state);
    FakeContext context;
    const auto path = context.config_.supervisor.state_dir / "holdfast.db";
    SQLite::Database(path.native(), SQLite::OPEN_READWRITE).exec(state);
    const auto service = queue::make_service(context);
    REQUIRE_FALSE(service);
    CHECK(worker::exit_code_of(service.error()) == 69);
  }
}

TEST_CASE("the drain budget is the program's stop timeout less two seconds") {
  config::Config config;
  CHECK(queue::drain_budget(config, "queue-worker.0") == 8s);
  config::Program program;
  program.name = "queue-worker";
  program.stop_timeout = 25s;
  config.programs.push_back(program);
  CHECK(queue::drain_budget(config, "queue-worker.3") == 23s);
  CHECK(queue::drain_budget(config, "holdfast-queue-worker.1234") == 8s);
  config.programs[0].stop_timeout = 1s;
  CHECK(queue::drain_budget(config, "queue-worker.0") == 1s);
}
