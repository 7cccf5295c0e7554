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

TEST_CASE("an API key is looked up off the loop as well") {
  Handlers handlers;
  const int null = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  const Fd closes(null);
  log::LogOptions options;
  options.fd = null;
  const log::Logger log(options);
  auto limiter = make_limiter(handlers.clock_, std::nullopt, log);
  REQUIRE(limiter);
  KeyUses uses(handlers.io_, handlers.clock_, log, *handlers.store_, std::chrono::hours(1));
  config::Config config;
  ApiKeys keys(config, {*handlers.store_, *handlers.offload_, *limiter, uses, log});
  auto request = std::make_shared<http::Request>();
  request->path = "/api/queue";
  request->headers.set("X-API-Key", auth::make_token().text);
  const auto context = std::make_shared<Context>();
  context->request = request;
  REQUIRE_FALSE(keys.on_request(*context));
  REQUIRE(context->wait_for);
  std::promise<std::optional<http::Response>> resumed;
  context->wait_for(context, [&](std::optional<http::Response> response) {
    resumed.set_value(std::move(response));
  });
  const auto response = resumed.get_future().get();
  REQUIRE(response);
  CHECK(response->status == 401);
  CHECK(handlers.store_->reads_on_loop() == 0);
  CHECK(handlers.store_->reads_elsewhere() == 1);
}
