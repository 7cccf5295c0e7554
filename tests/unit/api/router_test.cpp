// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/router.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::api;

namespace {

Router make_router() {
  const RouteHandler none = [](const ContextPtr&, const Reply&) {};
  Router router;
  router.add("GET", "/", none);
  router.add("GET", "/api/documents/{id}", none);
  router.add("DELETE", "/api/documents/{id}", none);
  router.add("GET", "/api/documents/{id}/content", none);
  router.add("POST", "/api/documents", none);
  router.add("GET", "/api/documents", none);
  router.add("GET", "/api/documents/newest", none);
  return router;
}

struct Row {
  const char* method;
  const char* path;
  const char* route;
  bool answered;
  std::vector<std::string> values;
};

}  // namespace

TEST_CASE("a request finds its route by method and path") {
  const Router router = make_router();
  const std::vector<Row> rows{
      {"GET", "/", "/", true, {}},
      {"GET", "/api/documents", "/api/documents", true, {}},
      {"POST", "/api/documents", "/api/documents", true, {}},
      {"GET", "/api/documents/7", "/api/documents/{id}", true, {"7"}},
      {"DELETE", "/api/documents/a b", "/api/documents/{id}", true, {"a b"}},
      {"GET", "/api/documents/7/content", "/api/documents/{id}/content", true, {"7"}},
      {"GET", "/api/documents/newest", "/api/documents/newest", true, {}},  // literal wins
      {"HEAD", "/api/documents/7", "/api/documents/{id}", true, {"7"}},
      {"HEAD", "/api/documents/7/content", "/api/documents/{id}/content", true, {"7"}},
      {"PUT", "/api/documents/7", "/api/documents/{id}", false, {"7"}},
      {"get", "/api/documents", "/api/documents", false, {}},  // methods are case-sensitive
      {"OPTIONS", "/api/documents", "/api/documents", false, {}},
      {"GET", "/api/documents/", "", false, {}},
      {"GET", "/api/documents//content", "", false, {}},
      {"GET", "/api/documents/7/", "", false, {}},
      {"GET", "/api/documents/7/content/x", "", false, {}},
      {"GET", "/api//documents", "", false, {}},
      {"GET", "/API/documents", "", false, {}},
      {"GET", "", "", false, {}},
      {"GET", "api/documents", "", false, {}},
  };
  for (const Row& row : rows) {
    INFO(row.method << " " << row.path);
    const Router::Match match = router.match(row.method, row.path);
    CHECK(match.route == row.route);
    CHECK((match.handler != nullptr) == row.answered);
    CHECK(match.path_values == row.values);
  }
}

TEST_CASE("Allow lists the methods of a path, HEAD with GET, and OPTIONS") {
  const Router router = make_router();
  CHECK(router.match("PUT", "/api/documents").allow == "POST, GET, HEAD, OPTIONS");
  CHECK(router.match("PUT", "/api/documents/7").allow == "GET, HEAD, DELETE, OPTIONS");
  CHECK(router.match("PUT", "/nowhere").allow.empty());
}

TEST_CASE("HEAD does not match a path that GET does not answer") {
  Router router;
  router.add("POST", "/only", [](const ContextPtr&, const Reply&) {});
  CHECK(router.match("HEAD", "/only").handler == nullptr);
  CHECK(router.match("HEAD", "/only").allow == "POST, OPTIONS");
}

TEST_CASE("routes that cannot work are refused when they are added") {
  Router router = make_router();
  const RouteHandler none = [](const ContextPtr&, const Reply&) {};
  CHECK_THROWS_WITH(router.add("GET", "/api/documents", none),
                    "route GET /api/documents is already defined");
  CHECK_THROWS_WITH(router.add("GET", "api", none), "route 'api' does not begin with '/'");
  CHECK_THROWS_AS(router.add("GET", "", none), std::invalid_argument);
}
