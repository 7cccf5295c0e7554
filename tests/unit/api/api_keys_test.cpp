// SPDX-License-Identifier: Apache-2.0
// API keys at the edge: who gets in, with what, how often, and what is remembered of it.
#include "api-worker/middleware/api_keys.hpp"

#include "common/auth/digest.hpp"
#include "common/auth/token.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/api/api_service.hpp"
#include "tests/unit/api/support.hpp"

#include <map>
#include <set>

using namespace holdfast;
using namespace holdfast::api;
using namespace std::chrono_literals;
using api::test::ApiService;
using api::test::body_of;
using api::test::header_of;
using store::Scope;

namespace {

void required(config::Config& config) {
  config.auth.required = true;
}

api::test::Fields bearer(const std::string& key) {
  return {{"Authorization", "Bearer " + key}};
}

// A supervisor that answers /ready.
void readiness(const std::shared_ptr<http::Request>& request, const http::Responder& respond) {
  const bool verbose = request->query_value("verbose") != nullptr;
  respond(http::Response::json(200, verbose ? R"({"all":1})" : R"({"brief":1})"));
}

int status(const ApiService& stack, const std::string& method, const std::string& target,
           const api::test::Fields& headers) {
  const bool searches = target == "/api/search";
  const std::string body = method != "POST" ? "" : searches ? R"({"q":"c"})" : R"({"content":"c"})";
  api::test::Fields all = headers;
  if (!body.empty()) all.emplace_back("Content-Type", "application/json");
  return stack.call(method, target, all, body).status;
}

}  // namespace

TEST_CASE("keys have their form, their id and 256 random bits") {
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) {
    const auth::Token token = auth::make_token();
    CHECK(token.text.size() == 80);
    CHECK(token.text.starts_with("hf_" + token.id + "_"));
    CHECK(token.digest == auth::sha256(token.text));
    seen.insert(token.text);
    const auto parsed = auth::parse_token(token.text);
    REQUIRE(parsed);
    CHECK(parsed->id == token.id);
    CHECK(parsed->digest == token.digest);
  }
  CHECK(seen.size() == 100);
  const std::string good = auth::make_token().text;
  for (const std::string& bad :
       {std::string(), good.substr(1), good + "0", "HF" + good.substr(2), std::string(80, 'a'),
        good.substr(0, 79) + "G", good.substr(0, 15) + "-" + good.substr(16)}) {
    INFO(bad);
    CHECK_FALSE(auth::parse_token(bad));
  }
}

TEST_CASE("SHA-256 is SHA-256, and digests differ by any bit") {
  const std::string digest = auth::sha256("abc");
  CHECK(static_cast<unsigned char>(digest[0]) == 0xba);
  CHECK(static_cast<unsigned char>(digest[31]) == 0xad);
  std::string other = digest;
  CHECK(auth::same_digest(digest, other));
  other[31] = static_cast<char>(other[31] ^ 1);
  CHECK_FALSE(auth::same_digest(digest, other));
  CHECK_FALSE(auth::same_digest(digest, digest.substr(1)));
}

TEST_CASE(
    "the queue is the operator's: it takes a key of scope admin, whether keys are required or "
    "not") {
  const ApiService stack;
  const std::string admin = stack.make_api_key(Scope::Admin);
  const std::string writer = stack.make_api_key(Scope::Write);
  for (const auto& [method, target] :
       {std::pair("GET", "/api/jobs"), std::pair("HEAD", "/api/jobs"),
        std::pair("POST", "/api/jobs/bulk"), std::pair("POST", "/api/jobs/7/cancel"),
        std::pair("DELETE", "/api/jobs/7"), std::pair("POST", "/api/queue/pause"),
        std::pair("POST", "/api/queue/resume")}) {
    INFO(method << " " << target);
    CHECK(status(stack, method, target, {}) == 403);
    CHECK(status(stack, method, target, bearer(writer)) == 403);
    const int allowed = status(stack, method, target, bearer(admin));
    CHECK((allowed == 200 || allowed == 404 || allowed == 422));
  }
  CHECK(status(stack, "OPTIONS", "/api/jobs", {}) == 204);
}

TEST_CASE("without auth.required nobody needs a key, but a bad one is refused all the same") {
  const ApiService stack;
  CHECK(status(stack, "GET", "/api/queue", {}) == 200);
  CHECK(status(stack, "GET", "/api/queue", bearer(stack.make_api_key(Scope::Read))) == 200);
  CHECK(status(stack, "GET", "/api/queue", bearer(auth::make_token().text)) == 401);
  CHECK(status(stack, "GET", "/api/queue", {{"Authorization", "Basic YTpi"}}) == 200);
}

TEST_CASE("with auth.required the API answers holders of a key only; health stays open") {
  const ApiService stack(required);
  const auto refused = stack.get("/api/queue");
  CHECK(refused.status == 401);
  CHECK(header_of(refused, "WWW-Authenticate") == "Bearer realm=\"holdfast\"");
  CHECK(header_of(refused, "Content-Type") == "application/problem+json");
  CHECK(status(stack, "GET", "/api/nothing", {}) == 401);
  CHECK(status(stack, "GET", "/api/queue", {{"Authorization", "Basic YTpi"}}) == 401);
  for (const char* open : {"/health", "/live", "/ready", "/metrics"})
    CHECK(status(stack, "GET", open, {}) == 200);

  const std::string key = stack.make_api_key(Scope::Read);
  CHECK(status(stack, "GET", "/api/queue", bearer(key)) == 200);
  CHECK(status(stack, "GET", "/api/queue", {{"Authorization", "bearer   " + key}}) == 200);
  CHECK(status(stack, "GET", "/api/queue", {{"X-API-Key", key}}) == 200);
}

TEST_CASE("unknown, wrong, malformed and revoked keys get the same answer") {
  const ApiService stack(required);
  const std::string good = stack.make_api_key(Scope::Admin);
  std::string wrong = good;
  wrong.back() = wrong.back() == '0' ? '1' : '0';
  const std::string revoked = stack.make_api_key(Scope::Admin);
  REQUIRE(status(stack, "GET", "/api/queue", bearer(revoked)) == 200);
  stack.revoke_api_key(revoked);
  std::set<std::string> answers;
  for (const std::string& bad :
       {wrong, revoked, auth::make_token().text, std::string("hf_x"), good + " " + good}) {
    auto headers = bearer(bad);
    headers.emplace_back("X-Request-ID", "same");
    const auto response = stack.get("/api/queue", headers);
    CHECK(response.status == 401);
    CHECK(header_of(response, "WWW-Authenticate") ==
          "Bearer realm=\"holdfast\", error=\"invalid_token\"");
    answers.insert(response.body);
  }
  CHECK(answers.size() == 1);
  CHECK(status(stack, "GET", "/api/queue", bearer(good)) == 200);
}

TEST_CASE("where no key is needed none is looked at: any gets the answer that none gets") {
  ApiService stack(
      [](config::Config& config) {
        config.auth.required = true;
        config.rate_limit.enabled = true;
        config.auth.rate_limit = 1;
      },
      readiness);
  const std::string key = stack.make_api_key(Scope::Read);
  const std::string revoked = stack.make_api_key(Scope::Admin);
  stack.revoke_api_key(revoked);
  const std::vector<api::test::Fields> sent{bearer("abc"),
                                            {{"X-API-Key", "abc"}},
                                            bearer("hf_x"),
                                            bearer(auth::make_token().text),
                                            bearer(key),
                                            bearer(revoked),
                                            {bearer(key)[0], {"X-API-Key", revoked}}};
  const auto check_all = [&] {
    for (const auto& [method, target, expected] :
         std::vector<std::tuple<std::string, std::string, int>>{{"GET", "/live", 200},
                                                                {"HEAD", "/live", 200},
                                                                {"GET", "/health", 200},
                                                                {"GET", "/ready", 200},
                                                                {"GET", "/openapi.json", 200},
                                                                {"GET", "/nothing", 404},
                                                                {"POST", "/nothing", 404},
                                                                {"GET", "/internal/nothing", 404},
                                                                {"POST", "/live", 405},
                                                                {"POST", "/metrics", 405},
                                                                {"OPTIONS", "/live", 204},
                                                                {"OPTIONS", "/metrics", 204}}) {
      for (const auto& headers : sent) {
        INFO(method << " " << target << " with " << headers[0].second);
        const http::Response response = stack.call(method, target, headers);
        CHECK(response.status == expected);
        CHECK(header_of(response, "WWW-Authenticate") == "(none)");
      }
    }
  };
  check_all();
  stack.damage_store("api_key");
  check_all();
  for (const auto& line : stack.stop_and_read_log())
    CHECK_FALSE(line.contains("api_key_refused"));
}

TEST_CASE("/ready?verbose: an admin's key shows more, and nothing else makes the probe fail") {
  const ApiService stack(
      [](config::Config& config) {
        config.http.metrics_allow = {};
        config.auth.required = true;
      },
      readiness);
  const std::string admin = stack.make_api_key(Scope::Admin);
  const std::string revoked = stack.make_api_key(Scope::Admin);
  stack.revoke_api_key(revoked);
  const std::vector<std::string> others{"abc", "hf_x", auth::make_token().text, revoked,
                                        stack.make_api_key(Scope::Write)};
  for (const char* target : {"/ready?verbose", "/ready?verbose=1", "/ready?x=1&verbose="}) {
    INFO(target);
    CHECK(stack.get(target, bearer(admin)).body == R"({"all":1})");
    CHECK(stack.get(target).body == R"({"brief":1})");
    for (const std::string& key : others) {
      INFO(key);
      const auto response = stack.get(target, bearer(key));
      CHECK(response.status == 200);
      CHECK(response.body == R"({"brief":1})");
    }
    CHECK(stack.get(target, {bearer(admin)[0], {"X-API-Key", revoked}}).body == R"({"brief":1})");
  }
  const std::string unseen = stack.make_api_key(Scope::Admin);
  stack.damage_store("api_key");
  const auto response = stack.get("/ready?verbose", bearer(unseen));
  CHECK(response.status == 200);
  CHECK(response.body == R"({"brief":1})");
  CHECK(stack.get("/ready?verbose", bearer(admin)).body == R"({"all":1})");  // known_keys.hpp
}

TEST_CASE("two keys in one request are refused, not chosen from") {
  const ApiService stack(required);
  const std::string key = stack.make_api_key(Scope::Read);
  const std::string other = stack.make_api_key(Scope::Read);
  const std::vector<std::function<std::pair<std::string, std::string>(const std::string&)>> places{
      [](const std::string& text) { return std::pair("Authorization", "Bearer " + text); },
      [](const std::string& text) { return std::pair("X-API-Key", text); }};
  for (const auto& one : places) {
    for (const auto& another : places) {
      INFO(one("").first << " and " << another("").first);
      CHECK(status(stack, "GET", "/api/queue", {one(key), another(other)}) == 400);
      CHECK(status(stack, "GET", "/api/queue", {one(key), another("hf_x")}) == 400);
      CHECK(status(stack, "GET", "/api/queue", {one(key), another(key)}) == 200);  // it is one
    }
  }
}

TEST_CASE("a scope opens what it names and what is below it") {
  const ApiService stack(required);
  struct Row {
    const char* method;
    const char* target;
    int read, write, admin;
  };
  const std::vector<Row> rows{
      {"GET", "/api/documents", 200, 200, 200},         {"GET", "/api/search?q=c", 200, 200, 200},
      {"POST", "/api/search", 200, 200, 200},           {"POST", "/api/documents", 403, 202, 202},
      {"DELETE", "/api/documents/none", 403, 404, 404},
  };
  const auto read = bearer(stack.make_api_key(Scope::Read));
  const auto write = bearer(stack.make_api_key(Scope::Write));
  const auto admin = bearer(stack.make_api_key(Scope::Admin));
  for (const Row& row : rows) {
    INFO(row.method << " " << row.target);
    CHECK(status(stack, row.method, row.target, read) == row.read);
    CHECK(status(stack, row.method, row.target, write) == row.write);
    CHECK(status(stack, row.method, row.target, admin) == row.admin);
  }
}

TEST_CASE("metrics and internal paths are for admins") {
  const ApiService stack([](config::Config& config) { config.http.metrics_allow = {}; });
  for (const char* target : {"/metrics", "/internal/stats"}) {
    INFO(target);
    const auto with = [&](Scope scope) {
      return stack.get(target, bearer(stack.make_api_key(scope))).status;
    };
    CHECK(stack.get(target).status == 403);
    CHECK(with(Scope::Write) == 403);
    CHECK(with(Scope::Admin) == 200);
  }
}

TEST_CASE("a gateway's own X-API-Key beside one of our keys is no second key") {
  const ApiService stack(required);
  const std::string key = stack.make_api_key(Scope::Read);
  for (const char* foreign : {"foreign", "", "hf-0", "HF_0"}) {
    INFO(foreign);
    CHECK(status(stack, "GET", "/api/queue",
                 {{"X-API-Key", foreign}, {"Authorization", "Bearer " + key}}) == 200);
    CHECK(status(stack, "GET", "/api/queue", {{"X-API-Key", foreign}, {"X-API-Key", key}}) == 200);
    // Without one of ours it is meant as one, whatever the proxy adds.
    CHECK(status(stack, "GET", "/api/queue", {{"X-API-Key", foreign}}) == 401);
    CHECK(status(stack, "GET", "/api/queue",
                 {{"X-API-Key", foreign}, {"Authorization", "Bearer eyJhbGciOiJIUzI1NiJ9"}}) ==
          401);
  }
}

TEST_CASE("credentials of a proxy beside X-API-Key are no second key") {
  const ApiService stack(required);
  const std::string key = stack.make_api_key(Scope::Read);
  for (const char* other : {"Basic dXNlcjpwYXNz", "Bearer eyJhbGciOiJIUzI1NiJ9.e30.x", "Bearer",
                            "Digest username=\"x\"", "Negotiate YII="}) {
    INFO(other);
    CHECK(status(stack, "GET", "/api/queue", {{"Authorization", other}, {"X-API-Key", key}}) ==
          200);
  }
  CHECK(status(stack, "GET", "/api/queue",
               {{"Authorization", "Basic dXNlcjpwYXNz"}, {"Authorization", "Bearer " + key}}) ==
        200);
  CHECK(status(stack, "GET", "/api/queue", {{"Authorization", "Basic dXNlcjpwYXNz"}}) == 401);
  // Without X-API-Key a bearer token is meant as one.
  CHECK(status(stack, "GET", "/api/queue", bearer("eyJhbGciOiJIUzI1NiJ9.e30.x")) == 401);
}

TEST_CASE("a key has its own limit, whatever its address has used") {
  const ApiService stack([](config::Config& config) {
    config.rate_limit.enabled = true;
    config.rate_limit.max = 2;
    config.auth.rate_limit = 4;
  });
  for (int i = 0; i < 3; ++i)
    stack.get("/api/queue");
  REQUIRE(stack.get("/api/queue").status == 429);

  const auto usual = bearer(stack.make_api_key(Scope::Read));
  const auto special = bearer(stack.make_api_key(Scope::Read, 6));
  for (int i = 0; i < 4; ++i)
    REQUIRE(stack.get("/api/queue", usual).status == 200);
  const auto refused = stack.get("/api/queue", usual);
  CHECK(refused.status == 429);
  CHECK(header_of(refused, "X-RateLimit-Limit") == "4");
  CHECK(header_of(refused, "RateLimit-Policy").starts_with("\"key\";q=4;w=60"));
  for (int i = 0; i < 6; ++i)
    REQUIRE(stack.get("/api/queue", special).status == 200);
  CHECK(stack.get("/api/queue", special).status == 429);
}

TEST_CASE("what a key's scope refuses counts against its limit, and the log names the key") {
  ApiService stack([](config::Config& config) {
    config.rate_limit.enabled = true;
    config.auth.rate_limit = 3;
  });
  const std::string key = stack.make_api_key(Scope::Read);
  for (int i = 0; i < 3; ++i)
    REQUIRE(status(stack, "POST", "/api/documents", bearer(key)) == 403);
  CHECK(status(stack, "POST", "/api/documents", bearer(key)) == 429);
  int named = 0;
  for (const auto& line : stack.stop_and_read_log())
    named += line.value("api_key_id", "") == auth::parse_token(key)->id ? 1 : 0;
  CHECK(named == 4);
}

TEST_CASE("guessing keys is slowed down by address, before a key is looked up") {
  const ApiService stack([](config::Config& config) {
    config.rate_limit.enabled = true;
    config.rate_limit.max = 3;
  });
  const auto good = bearer(stack.make_api_key(Scope::Read));
  for (int i = 0; i < 3; ++i)
    REQUIRE(stack.get("/api/queue", bearer(auth::make_token().text)).status == 401);
  CHECK(stack.get("/api/queue", bearer(auth::make_token().text)).status == 429);
  CHECK(stack.get("/api/queue", good).status == 429);
  CHECK(stack.get("/api/queue").status == 200);  // without a key it is another count
}

TEST_CASE("guesses are slowed down wherever a key is looked up, also where nothing else counts") {
  for (const char* target : {"/metrics", "/internal/stats", "/ready?verbose"}) {
    INFO(target);
    ApiService stack(
        [](config::Config& config) {
          config.http.metrics_allow = {};
          config.rate_limit.enabled = true;
          config.rate_limit.max = 3;
        },
        readiness);
    const bool is_probe = std::string_view(target).starts_with("/ready");
    const auto good = bearer(stack.make_api_key(Scope::Admin));
    if (is_probe) CHECK(stack.get(target, good).body == R"({"all":1})");
    for (int i = 0; i < 6; ++i) {
      const auto response = stack.get(target, bearer(auth::make_token().text));
      CHECK(response.status == (is_probe ? 200 : i < 3 ? 401 : 429));
      CHECK((header_of(response, "Retry-After") == "(none)") == (response.status != 429));
    }
    CHECK(stack.get("/metrics", good).status == 429);
    CHECK(stack.get("/api/queue", good).status == 429);
    if (is_probe) CHECK(stack.get(target, good).body == R"({"brief":1})");
    int looked_up = 0;
    for (const auto& line : stack.stop_and_read_log())
      looked_up += line.contains("api_key_refused") ? 1 : 0;
    CHECK(looked_up == 3);
  }
}

TEST_CASE("keys that nobody looks at are no guesses: they lock nobody out, and are never refused") {
  const ApiService stack(
      [](config::Config& config) {
        config.rate_limit.enabled = true;
        config.rate_limit.max = 3;
      },
      readiness);
  const auto good = bearer(stack.make_api_key(Scope::Read));
  const auto send_all = [&] {
    for (const char* target : {"/live", "/health", "/ready", "/ready?verbose"}) {
      INFO(target);
      for (int i = 0; i < 5; ++i)
        CHECK(stack.get(target, bearer("eyJhbGciOiJIUzI1NiJ9.e30.x")).status == 200);
    }
    for (int i = 0; i < 5; ++i)
      CHECK(stack.get("/live", bearer(auth::make_token().text)).status == 200);
  };
  send_all();
  CHECK(stack.get("/api/queue", good).status == 200);
  for (int i = 0; i < 4; ++i)
    stack.get("/api/queue", bearer("abc"));
  REQUIRE(stack.get("/api/queue", good).status == 429);
  send_all();
}

TEST_CASE("last-used times are written at intervals, all at once, and when the worker ends") {
  ApiService stack([](config::Config& config) { config.auth.last_used_interval = 1s; });
  const std::string used = stack.make_api_key(Scope::Read);
  const std::string unused = stack.make_api_key(Scope::Read);
  for (int i = 0; i < 50; ++i)
    REQUIRE(stack.get("/api/queue", bearer(used)).status == 200);
  REQUIRE(holdfast::test::wait_until(
      [&] { return stack.stored_api_key(used).last_used_at.has_value(); }));
  CHECK_FALSE(stack.stored_api_key(unused).last_used_at);
}

TEST_CASE("the access log names the key by its id and never shows it") {
  ApiService stack;
  const std::string key = stack.make_api_key(Scope::Read);
  stack.get("/api/queue", bearer(key));
  stack.get("/api/queue", {{"X-API-Key", key}});
  int named = 0;
  for (const auto& line : stack.stop_and_read_log()) {
    CHECK(line.dump().find(key) == std::string::npos);
    if (line.value("api_key_id", "") == auth::parse_token(key)->id) ++named;
  }
  CHECK(named == 2);
}

TEST_CASE("a store that cannot look a key up is an error, never an open door") {
  ApiService stack(required);
  const std::string key = stack.make_api_key(Scope::Read);
  stack.damage_store("api_key");
  CHECK(status(stack, "GET", "/api/queue", {}) == 401);
  CHECK(status(stack, "GET", "/api/queue", bearer(key)) == 500);
}

TEST_CASE("one Idempotency-Key of two API keys is two") {
  const ApiService stack(required);
  const auto post = [&](const std::string& key, const std::string& content) {
    api::test::Fields headers = bearer(key);
    headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("Idempotency-Key", "order-1");
    return stack.call("POST", "/api/documents", headers, R"({"content":")" + content + R"("})");
  };
  const std::string first = stack.make_api_key(Scope::Write);
  const std::string second = stack.make_api_key(Scope::Write);
  CHECK(post(first, "one").status == 202);
  CHECK(post(second, "two").status == 202);
  CHECK(header_of(post(second, "two"), "Idempotent-Replayed") == "true");
  CHECK(post(first, "two").status == 422);
}

TEST_CASE("a key and its rotation are one to Idempotency-Key and to the rate limit") {
  const ApiService stack([](config::Config& config) {
    config.rate_limit.enabled = true;
    config.auth.required = true;
  });
  const auto post = [&](const std::string& key) {
    api::test::Fields headers = bearer(key);
    headers.emplace_back("Content-Type", "application/json");
    headers.emplace_back("Idempotency-Key", "rot-1");
    return stack.call("POST", "/api/documents", headers, R"({"content":"once"})");
  };
  const std::string first = stack.make_api_key(Scope::Write, 5);
  const http::Response stored = post(first);
  REQUIRE(stored.status == 202);
  const std::string second = stack.rotate_api_key(first);
  const std::string third = stack.rotate_api_key(second);
  for (const std::string& key : {first, second, third}) {
    const http::Response again = post(key);
    CHECK(again.status == 202);
    CHECK(again.body == stored.body);
    CHECK(header_of(again, "Idempotent-Replayed") == "true");
  }
  CHECK(status(stack, "GET", "/api/queue", bearer(first)) == 200);
  for (const std::string& key : {first, second, third})
    CHECK(status(stack, "GET", "/api/queue", bearer(key)) == 429);
  CHECK(status(stack, "GET", "/api/queue", bearer(stack.make_api_key(Scope::Read, 5))) == 200);
}

TEST_CASE("a key that has expired is refused like any other, and the log says why") {
  ApiService stack(required);
  const std::int64_t now = to_unix_ms(SystemClock().wall());
  const std::string expired = stack.make_api_key(Scope::Read, {}, now - 1);
  const std::string valid = stack.make_api_key(Scope::Read, {}, now + 3'600'000);
  const std::string revoked = stack.make_api_key(Scope::Read);
  stack.revoke_api_key(revoked);
  const std::string unknown = auth::make_token().text;
  CHECK(status(stack, "GET", "/api/queue", bearer(valid)) == 200);
  std::set<std::string> bodies;
  for (const std::string& key : {expired, revoked, unknown, std::string("hf_x")}) {
    const http::Response refused = stack.get("/api/queue", bearer(key));
    CHECK(refused.status == 401);
    nlohmann::json body = body_of(refused);
    body.erase("request_id");
    bodies.insert(body.dump());
  }
  CHECK(bodies.size() == 1);
  std::map<std::string, std::string> reasons;
  for (const auto& line : stack.stop_and_read_log()) {
    if (!line.contains("api_key_refused")) continue;
    reasons[line["api_key_refused"].get<std::string>()] = line.value("api_key_id", "");
  }
  CHECK(reasons == std::map<std::string, std::string>{{"expired", auth::parse_token(expired)->id},
                                                      {"malformed", ""},
                                                      {"revoked", auth::parse_token(revoked)->id},
                                                      {"unknown", ""}});
}

TEST_CASE("a key that is used shortly before it expires is warned of once, and counted") {
  ApiService stack([](config::Config& config) { config.auth.expiry_warning = 24h; });
  const std::int64_t now = to_unix_ms(SystemClock().wall());
  const std::int64_t soon = now + 3'600'000;
  const std::string ends = stack.make_api_key(Scope::Read, {}, soon);
  const std::string later = stack.make_api_key(Scope::Read, {}, now + 48 * 3'600'000);
  for (int i = 0; i < 3; ++i) {
    CHECK(status(stack, "GET", "/api/queue", bearer(ends)) == 200);
    CHECK(status(stack, "GET", "/api/queue", bearer(later)) == 200);
  }
  const std::string metrics = stack.scrape();
  CHECK(metrics.find("\napi_keys_expiring 1\n") != std::string::npos);
  CHECK(metrics.find("\napi_key_next_expiry_timestamp_seconds 0\n") == std::string::npos);
  std::vector<std::string> warned;
  for (const auto& line : stack.stop_and_read_log()) {
    if (line["level"] == "warn") warned.push_back(line.value("api_key_id", ""));
  }
  CHECK(warned == std::vector<std::string>{auth::parse_token(ends)->id});
}

TEST_CASE("a key that was rotated and is still used names its successor, and does not count") {
  ApiService stack([](config::Config& config) { config.auth.expiry_warning = 24h * 14; });
  const std::int64_t now = to_unix_ms(SystemClock().wall());
  const std::string old = stack.make_api_key(Scope::Read, {}, now + 300 * 86'400'000LL);
  CHECK(status(stack, "GET", "/api/queue", bearer(old)) == 200);
  const std::string next = stack.rotate_api_key(old);
  for (int i = 0; i < 2; ++i) {
    CHECK(status(stack, "GET", "/api/queue", bearer(old)) == 200);
    CHECK(status(stack, "GET", "/api/queue", bearer(next)) == 200);
  }
  CHECK(stack.scrape().find("\napi_keys_expiring 0\n") != std::string::npos);
  int warnings = 0;
  for (const auto& line : stack.stop_and_read_log()) {
    if (line["level"] != "warn") continue;
    ++warnings;
    const std::string message = line["msg"];
    CHECK(message.find("was replaced is still in use") != std::string::npos);
    CHECK(message.find("rotate") == std::string::npos);
    CHECK(line["api_key_id"] == auth::parse_token(old)->id);
    CHECK(line["replaced_by"] == auth::parse_token(next)->id);
  }
  CHECK(warnings == 1);
}
