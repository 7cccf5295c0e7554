// SPDX-License-Identifier: Apache-2.0
// With a store whose reads may wait for a network, the API worker's loop never waits for one.

#include "api-worker/handlers/routes.hpp"
#include "api-worker/middleware/api_keys.hpp"
#include "common/auth/token.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/store/spy_store.hpp"

#include <fcntl.h>
#include <prometheus/registry.h>

#include <future>
#include <utility>

using namespace holdfast;
using namespace holdfast::api;

namespace {

// The handlers over a store that poses as a server. The test's thread is the loop's.
class Handlers {
 public:
  Handlers() {
    const std::string url = "sqlite://" + (directory_.path() / "test.db").native();
    REQUIRE(store::migrate_store(url));
    auto opened = store::open_store(url, {}, clock_);
    REQUIRE(opened);
    store_ = std::make_unique<holdfast::test::SpyStore>(std::move(*opened));
    store_->pose_as_server(std::this_thread::get_id());
    offload_ = std::make_unique<Offload>(1, 8, store_->inline_reads());
    embedder_ = std::move(*embedding::make_provider({}));
  }
  ~Handlers() { offload_->stop(); }

  int get(const std::string& path) {
    const Services services{io_,       clock_, *store_,    *offload_, *embedder_,
                            *offload_, {},     text_only_, registry_, doorbell_,
                            {},        "",     "",         {},        {}};
    const Router router = make_router(services);
    auto request = std::make_shared<http::Request>();
    request->method = "GET";
    request->path = path.substr(0, path.find('?'));
    if (const auto query = path.find('?'); query != std::string::npos) {
      request->query.emplace_back("q", path.substr(path.find('=') + 1));
    }
    const Router::Match match = router.match("GET", request->path);
    REQUIRE(match.handler != nullptr);
    const auto context = std::make_shared<Context>();
    context->request = request;
    context->path_values = match.path_values;
    std::promise<Result<http::Response>> answered;
    (*match.handler)(
        context, [&](Result<http::Response> response) { answered.set_value(std::move(response)); });
    const auto response = answered.get_future().get();
    if (response) return response->status;
    return response.error().kind == ErrorKind::NotFound ? 404 : 500;
  }

  void post(const std::string& id, std::size_t bytes) {
    store::NewDocument document;
    document.id = id;
    document.title = "a title";
    document.content = std::string(bytes, 'x');
    std::promise<bool> stored;
    store_->create_document(document, [&](const auto& result) { stored.set_value(!!result); });
    REQUIRE(stored.get_future().get());
  }

  holdfast::test::TempDir directory_;
  SystemClock clock_;
  boost::asio::io_context io_;
  std::unique_ptr<holdfast::test::SpyStore> store_;
  std::unique_ptr<Offload> offload_;
  std::unique_ptr<embedding::Provider> embedder_;
  prometheus::Counter text_only_;
  prometheus::Registry registry_;
  protocol::Doorbell doorbell_;
};

}  // namespace

TEST_CASE("no read of a server's store runs on the loop of the API worker") {
  Handlers handlers;
  handlers.post("small", 100);
  handlers.post("large", 100'000);
  const std::pair<const char*, int> requests[] = {
      {"/api/documents", 200},         {"/api/documents/small", 200},
      {"/api/documents/large", 200},   {"/api/documents/small/content", 200},
      {"/api/documents/unknown", 404}, {"/api/jobs/1", 200},
      {"/api/jobs/99", 404},           {"/api/queue", 200},
      {"/api/search?q=text", 200},     {"/ready", 200},
  };
  for (const auto& [path, status] : requests) {
    CAPTURE(path);
    const int before = handlers.store_->reads_elsewhere();
    CHECK(handlers.get(path) == status);
    CHECK(handlers.store_->reads_elsewhere() > before);
    CHECK(handlers.store_->reads_on_loop() == 0);
  }
}

namespace {

// ApiKeys over the same store.
class Keys {
 public:
  explicit Keys(Handlers& handlers)
      : handlers_(handlers),
        limiter_(*make_limiter(handlers.clock_, std::nullopt, log_)),
        keys_(config_, {handlers.io_, handlers.clock_, *handlers.store_, *handlers.offload_,
                        limiter_, uses_, log_}) {}

  std::string make(store::Scope scope) {
    const auth::Token token = auth::make_token();
    store::ApiKey key;
    key.id = token.id;
    key.digest = token.digest;
    key.scope = scope;
    std::promise<bool> created;
    handlers_.store_->create_api_key(
        key, [&](const auto& done) { created.set_value(done.has_value()); });
    REQUIRE(created.get_future().get());
    return token.text;
  }
  void revoke(const std::string& key) {
    std::promise<bool> revoked;
    handlers_.store_->revoke_api_key(
        auth::parse_token(key)->id, [&](const auto& done) { revoked.set_value(done.has_value()); });
    REQUIRE(revoked.get_future().get());
  }

  // The status of the refusal; 0: the request passes with its key; 1: as one without.
  int ask(const std::string& path, const std::string& key) {
    auto request = std::make_shared<http::Request>();
    request->method = "GET";
    request->path = path;
    if (path == "/ready") request->query.emplace_back("verbose", "");
    request->headers.set("X-API-Key", key);
    const auto context = std::make_shared<Context>();
    context->request = request;
    context->route = request->path;
    REQUIRE_FALSE(keys_.on_request(*context));
    REQUIRE(context->wait_for);
    const auto ask = std::exchange(context->wait_for, {});
    auto resumed = std::make_shared<std::promise<std::optional<http::Response>>>();
    auto answer = resumed->get_future();
    ask(context, [resumed](std::optional<http::Response> response) {
      resumed->set_value(std::move(response));
    });
    handlers_.io_.restart();
    while (answer.wait_for(std::chrono::seconds(0)) != std::future_status::ready)
      handlers_.io_.run_one_for(std::chrono::milliseconds(1));
    const auto response = answer.get();
    if (response) return response->status;
    return context->api_key ? 0 : 1;
  }
  int ask_without_store(const std::string& path, const std::string& key) {
    handlers_.store_->fail_next("get_api_key", ErrorKind::Unavailable);
    return ask(path, key);
  }

 private:
  Handlers& handlers_;
  const Fd null_{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
  const log::Logger log_{[this] {
    log::LogOptions options;
    options.fd = null_.get();
    return options;
  }()};
  Limiter limiter_;
  KeyUses uses_{handlers_.io_, handlers_.clock_, log_, *handlers_.store_, std::chrono::hours(1)};
  config::Config config_;
  ApiKeys keys_;
};

}  // namespace

TEST_CASE("an API key is looked up off the loop as well") {
  Handlers handlers;
  Keys keys(handlers);
  CHECK(keys.ask("/api/queue", auth::make_token().text) == 401);
  CHECK(handlers.store_->reads_on_loop() == 0);
  CHECK(handlers.store_->reads_elsewhere() == 1);
}

TEST_CASE("while the store is away, those who watch the stack are known by what it said last") {
  Handlers handlers;
  Keys keys(handlers);
  const std::string admin = keys.make(store::Scope::Admin);
  const std::string writer = keys.make(store::Scope::Write);
  CHECK(keys.ask_without_store("/metrics", admin) == 503);  // not seen yet
  CHECK(keys.ask_without_store("/ready", admin) == 1);
  CHECK(keys.ask("/metrics", admin) == 0);
  CHECK(keys.ask("/metrics", writer) == 0);  // a key, though its scope is not enough

  for (const char* path : {"/metrics", "/internal/stats", "/ready"})
    CHECK(keys.ask_without_store(path, admin) == 0);
  CHECK(keys.ask_without_store("/api/queue", admin) == 503);
  CHECK(keys.ask_without_store("/metrics", writer) == 503);
  std::string wrong = admin;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  CHECK(keys.ask_without_store("/metrics", wrong) == 503);
  CHECK(keys.ask("/metrics", wrong) == 401);
  CHECK(keys.ask_without_store("/metrics", admin) == 0);  // no guess makes it forgotten

  keys.revoke(admin);
  CHECK(keys.ask("/metrics", admin) == 401);
  CHECK(keys.ask_without_store("/metrics", admin) == 503);
  CHECK(keys.ask_without_store("/ready", admin) == 1);
}

TEST_CASE("those who watch the stack do not wait long for a store that is silent") {
  Handlers handlers;
  Keys keys(handlers);
  const std::string admin = keys.make(store::Scope::Admin);
  const std::string other = keys.make(store::Scope::Admin);
  REQUIRE(keys.ask("/metrics", admin) == 0);
  std::promise<void> end;
  REQUIRE(handlers.offload_->run(Work::Scan, [&end] { end.get_future().wait(); }));
  CHECK(keys.ask("/metrics", admin) == 0);
  CHECK(keys.ask("/metrics", other) == 503);
  CHECK(keys.ask("/ready", other) == 1);
  end.set_value();
  CHECK(keys.ask("/metrics", other) == 0);  // and what came late has harmed nobody
}
