// SPDX-License-Identifier: Apache-2.0
// The description and the router name the same operations.
#include "api-worker/handlers/routes.hpp"

#include "common/base/version.hpp"
#include "common/protocol/api_routes.hpp"
#include "common/text/ascii.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/openapi/contract.hpp"

#include <prometheus/registry.h>

using namespace holdfast;
using namespace holdfast::api;

namespace {

// What the handlers are made of. Nothing here is asked anything: only the routes are listed.
struct Parts {
  holdfast::test::TempDir directory;
  boost::asio::io_context io;
  SystemClock clock;
  std::unique_ptr<store::Store> store;
  Offload offload{1, 1, true};
  std::unique_ptr<embedding::Provider> embedder;
  prometheus::Counter text_only;
  prometheus::Registry registry;
  protocol::Doorbell doorbell;

  Parts() {
    const std::string url = "sqlite://" + (directory.path() / "test.db").native();
    REQUIRE(store::migrate_store(url));
    auto opened = store::open_store(url, {}, clock);
    REQUIRE(opened);
    store = std::move(*opened);
    auto made = embedding::make_provider({});
    REQUIRE(made);
    embedder = std::move(*made);
  }

  std::set<std::string> routes() {
    const Services services{io,       clock,    *store, offload, *embedder, offload, {}, text_only,
                            registry, doorbell, {},     "",      "",        {},      {}};
    std::set<std::string> all;
    for (const auto& [method, pattern] : make_router(services).routes())
      all.insert(method + " " + pattern);
    return all;
  }
};

}  // namespace

TEST_CASE("every route is described, and nothing is described that is no route") {
  CHECK(Parts().routes() == openapi::Contract().operations());
}

TEST_CASE("the configuration knows every route, and none that there is not") {
  std::set<std::string> known;
  for (const protocol::ApiRoute& route : protocol::kApiRoutes)
    known.insert(fmt::format("{} {}", route.method, route.pattern));
  CHECK(known.size() == protocol::kApiRoutes.size());
  CHECK(known == Parts().routes());
}

TEST_CASE("a body is described where one is taken, and 411 where its length is needed") {
  const openapi::Contract contract;
  for (const protocol::ApiRoute& route : protocol::kApiRoutes) {
    INFO(route.method << " " << route.pattern);
    const auto& path = contract.document().at("paths").at(std::string(route.pattern));
    const auto& operation = path.at(text::to_lower(route.method));
    CHECK(operation.contains("requestBody") == route.takes_body);
    CHECK(operation.at("responses").contains("411") == route.takes_body);
  }
}

TEST_CASE("the description is of this version") {
  CHECK(openapi::Contract().document()["info"]["version"] == std::string(kVersion));
}
