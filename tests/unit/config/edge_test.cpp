// SPDX-License-Identifier: Apache-2.0
// The keys of the public edge: origins, Redis URLs, route limits, and their variables.
#include "common/config/origin.hpp"
#include "common/config/route_limit.hpp"
#include "common/config/show.hpp"
#include "tests/unit/config/support.hpp"

namespace holdfast::config {

namespace {

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the edge's variables go over the file, as numbers and lists") {
  const Config config = load_good("[rate_limit]\nmax = 5\n[cors]\norigins = [\"http://a.example\"]",
                                  {{"RATE_LIMIT_MAX", "250"},
                                   {"RATE_LIMIT_WINDOW", "15m"},
                                   {"REDIS_URL", "redis://:s3cret@cache:6380/2"},
                                   {"CORS_ORIGINS", "https://a.example, https://*.b.example,"}})
                            .config;
  CHECK(config.rate_limit.max == 250);
  CHECK(config.rate_limit.window == 15min);
  CHECK(config.rate_limit.redis_url == "redis://:s3cret@cache:6380/2");
  CHECK(config.cors.origins ==
        std::vector<std::string>{"https://a.example", "https://*.b.example"});
}

TEST_CASE("a variable that is not a number is reported by name") {
  const std::string text = load_bad("", {{"RATE_LIMIT_MAX", "many"}, {"RATE_LIMIT_WINDOW", "60"}});
  CHECK(has(text, "RATE_LIMIT_MAX"));
  CHECK(has(text, "must be an integer"));
  CHECK(has(text, "RATE_LIMIT_WINDOW"));
}

TEST_CASE("a wrong Redis URL never repeats its password") {
  const std::string text = load_bad("", {{"REDIS_URL", "redis://user:s3cret@host:99999"}});
  CHECK(has(text, "REDIS_URL"));
  CHECK_FALSE(has(text, "s3cret"));
}

TEST_CASE("a Redis password is not shown") {
  for (const char* url : {"redis://:s3cret@cache:6380/2", "redis://app:s3cret@cache",
                          "unix://:s3cret@/run/redis.sock?db=1"}) {
    const Config config = load_good("", {{"REDIS_URL", url}}).config;
    INFO(show(config));
    CHECK_FALSE(has(show(config), "s3cret"));
    CHECK(has(show(config), "redis_url = "));
  }
}

TEST_CASE("every origin with credentials is refused, and so is a star among others") {
  CHECK(has(load_bad("[cors]\norigins = [\"*\"]\ncredentials = true"), "browsers refuse"));
  CHECK(has(load_bad("[cors]\norigins = [\"*\", \"https://a.example\"]"), "must stand alone"));
}

TEST_CASE("origin patterns: valid ones, and what is wrong with the others") {
  for (const char* good : {"*", "https://app.example.org", "http://localhost:5173",
                           "http://localhost:*", "https://*.example.org", "https://*.example.org:*",
                           "http://127.0.0.1:8080", "http://[::1]:8080"}) {
    INFO(good);
    CHECK(check_origin_pattern(good));
  }
  for (const char* bad : {"",
                          "null",
                          "app.example.org",
                          "https://",
                          "https://app.example.org/",
                          "https://a/b",
                          "HTTPS://app.example.org",
                          "https://App.example.org",
                          "https://*",
                          "https://*.org",
                          "https://a.*.example.org",
                          "https://ex*mple.org",
                          "https://app.example.org:443",
                          "http://app.example.org:80",
                          "https://a.example:0",
                          "https://a.example:99999",
                          "https://a..example",
                          "https://.example",
                          "ftp://a.example",
                          "https://a.example:",
                          "https://u@a.example",
                          "https://[::1"}) {
    INFO(bad);
    CHECK_FALSE(check_origin_pattern(bad));
  }
}

TEST_CASE("origins match their pattern and nothing that only looks like it") {
  struct Row {
    const char* pattern;
    std::vector<std::string> yes;
    std::vector<std::string> no;
  };
  const std::vector<Row> rows{
      {"https://app.example.org",
       {"https://app.example.org"},
       {"http://app.example.org", "https://app.example.org:8443",
        "https://app.example.org.evil.com", "https://evil.com/https://app.example.org",
        "https://APP.example.org", "null", ""}},
      {"https://*.example.org",
       {"https://a.example.org", "https://a.b.example.org"},
       {"https://example.org", "https://evilexample.org", "https://.example.org",
        "http://a.example.org", "https://a.example.org:444", "https://evil.com/.example.org",
        "https://evil.com#.example.org", "https://evil.com:1@a.example.org", "null",
        "https://a.example.org.evil.com", "https://a b.example.org"}},
      {"http://localhost:*",
       {"http://localhost", "http://localhost:5173"},
       {"https://localhost:5173", "http://localhost.evil.com", "http://localhost:x",
        "http://localhost:", "http://localhost:1:2", "http://localhost:0"}},
      {"*", {"https://anything.example", "null"}, {}},
  };
  for (const Row& row : rows) {
    for (const std::string& origin : row.yes) {
      INFO(row.pattern << " and " << origin);
      CHECK(origin_matches(row.pattern, origin));
    }
    for (const std::string& origin : row.no) {
      INFO(row.pattern << " and " << origin);
      CHECK_FALSE(origin_matches(row.pattern, origin));
    }
  }
}

TEST_CASE("route limits") {
  const auto rule = parse_route_limit("POST /api/documents 20/1m");
  REQUIRE(rule);
  CHECK(rule->method == "POST");
  CHECK(rule->route == "/api/documents");
  CHECK(rule->limit == 20);
  CHECK(rule->window == 1min);
  CHECK(parse_route_limit("* /api/documents/{id} 5/10s"));
  for (const char* bad :
       {"", "POST /api/documents", "POST /api/documents 20", "POST /api/documents 20/",
        "POST /api/documents /1m", "POST /api/documents 0/1m", "POST /api/documents 2000000000/1m",
        "POST /api/documents -1/1m", "POST /api/documents 20/1", "POST /api/documents 20/2d",
        "POST /api/documents 20/10ms", "post /api/documents 20/1m", "POST api/documents 20/1m",
        "POST  /api/documents 20/1m", "POST /api/documents 20/1m ", "POST /api/documents 2x/1m"}) {
    INFO(bad);
    CHECK_FALSE(parse_route_limit(bad));
  }
}

TEST_CASE(
    "a limit of a route that the API does not have is refused, with the nearest that it has") {
  struct Row {
    const char* rule;
    const char* expected;
  };
  const Row row = GENERATE(values<Row>({
      {"POST /api/document 20/1m", "no such route; did you mean 'POST /api/documents'?"},
      {"POST /api/documents/ 20/1m", "no such route; did you mean 'POST /api/documents'?"},
      {"GET /api/documents/{x} 20/1m", "no such route; did you mean 'GET /api/documents/{id}'?"},
      {"* /api/documents/7 20/1m", "no such route; did you mean '* /api/documents"},
      {"DELETE /api/documents 20/1m", "no such route; did you mean '"},
      {"PATCH /api/documents/{id} 20/1m", "no such route; did you mean 'PUT /api/documents/{id}'?"},
      {"OPTIONS /api/documents 20/1m", "no such route; did you mean '"},
      {"* /somewhere/else/altogether 20/1m", "no such route; /openapi.json lists them"},
      {"HEAD /api/documents 20/1m", "HEAD counts as GET; write 'GET /api/documents'"},
      {"HEAD /api/search/x 20/1m", "no such route"},
  }));
  INFO(row.rule);
  const std::string text = load_bad("[rate_limit]\nroutes = [\"GET /api/queue 1/1s\", \"" +
                                    std::string(row.rule) + "\"]");
  CHECK(has(text, ":2:"));
  CHECK(has(text, "routes: '" + std::string(row.rule) + "': "));
  CHECK(has(text, row.expected));
}

TEST_CASE("a limit of a path that is never counted is a warning") {
  for (const char* path : {"/health", "/live", "/ready", "/metrics", "/internal/stats"}) {
    const auto warnings =
        load_good(fmt::format("[rate_limit]\nroutes = [\"GET {} 20/1m\"]", path)).warnings;
    REQUIRE(warnings.size() == 1);
    CHECK(has(warnings[0], fmt::format("'GET {} 20/1m' has no effect", path)));
  }
  CHECK(load_good("[rate_limit]\nroutes = [\"GET /openapi.json 20/1m\"]").warnings.empty());
}

}  // namespace holdfast::config
