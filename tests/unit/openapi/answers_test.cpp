// SPDX-License-Identifier: Apache-2.0
// A real API worker answers as described: every operation, status, media type, parameter and field.
#include "common/http/content_coding.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/api/support.hpp"
#include "tests/unit/openapi/contract.hpp"

using namespace holdfast;
using namespace holdfast::openapi;
using api::test::ApiService;
using api::test::body_of;
using api::test::Fields;
using api::test::header_of;

namespace {

const Fields kJson{{"Content-Type", "application/json"}};
const Fields kText{{"Content-Type", "text/plain"}};
const char* const kDocuments = "/api/documents";
const char* const kBatch = "/api/documents/batch";
const char* const kDocument = "/api/documents/{id}";
const char* const kContent = "/api/documents/{id}/content";
const char* const kSearch = "/api/search";
const char* const kJob = "/api/jobs/{id}";
const char* const kRetry = "/api/jobs/{id}/retry";

// Bodies beyond 4 KiB are too large.
void make_small(config::Config& config) {
  config.http.max_document_bytes = 4096;
  config.http.max_body_bytes = 4096;
}

const std::string kTooLarge(5000, 'x');

Fields with(Fields fields, const std::string& name, const std::string& value) {
  fields.emplace_back(name, value);
  return fields;
}

// A request with a body and without its length, which no client library sends.
http::Response without_length(const ApiService& stack, const std::string& method,
                              const std::string& target, const std::string& more = "") {
  const std::string raw = stack.raw(method + " " + target + " HTTP/1.1\r\nHost: x\r\n" + more +
                                    "Connection: close\r\n\r\n");
  http::Response answer;
  answer.status = std::stoi(raw.substr(9, 3));
  const std::size_t end = raw.find("\r\n\r\n");
  for (std::size_t at = raw.find("\r\n") + 2; at < end;) {
    const std::size_t line_end = raw.find("\r\n", at);
    const std::size_t colon = raw.find(": ", at);
    answer.headers.add(raw.substr(at, colon - at), raw.substr(colon + 2, line_end - colon - 2));
    at = line_end + 2;
  }
  answer.body = raw.substr(end + 4);
  return answer;
}

void refuse_bodies(Contract& contract, const ApiService& stack, const std::string& method,
                   const std::string& path, const std::string& target) {
  CHECK(contract.call(stack, method, path, target, kJson, "{").status == 400);
  CHECK(contract.call(stack, method, path, target, kJson, kTooLarge).status == 413);
  CHECK(contract.call(stack, method, path, target, {{"Content-Type", "a/b"}}, "x").status == 415);
  CHECK(contract.call(stack, method, path, target, kJson, R"({"x":1})").status == 422);
  const http::Response no_length = without_length(stack, method, target);
  CHECK(no_length.status == 411);
  contract.check(method, path, no_length);
}

void read_documents(Contract& contract, const ApiService& stack, const std::string& self) {
  for (const char* path : {kDocument, kContent}) {
    const std::string target = self + (path == kContent ? "/content" : "");
    const http::Response got = contract.call(stack, "GET", path, target);
    REQUIRE(got.status == 200);
    const std::string tag = header_of(got, "ETag");
    CHECK(contract.call(stack, "GET", path, target, {{"If-None-Match", tag}}).status == 304);
    CHECK(contract.call(stack, "HEAD", path, target, {{"If-None-Match", tag}}).status == 304);
  }
  CHECK(contract.call(stack, "GET", kDocument, "/api/documents/none").status == 404);
  CHECK(contract.call(stack, "GET", kContent, "/api/documents/none/content").status == 404);
}

void list_documents(Contract& contract, const ApiService& stack) {
  const http::Response page =
      contract.call(stack, "GET", kDocuments, "/api/documents?limit=1&status=failed");
  REQUIRE(body_of(page)["documents"].size() == 1);
  const http::Response first = contract.call(stack, "GET", kDocuments, "/api/documents?limit=1");
  contract.call(stack, "GET", kDocuments,
                "/api/documents?cursor=" + body_of(first)["next_cursor"].get<std::string>());
  CHECK(contract.call(stack, "GET", kDocuments, "/api/documents?limit=0").status == 422);
}

void change_documents(Contract& contract, const ApiService& stack, const std::string& self) {
  const std::string tag = header_of(stack.get(self), "ETag");
  const auto put = [&](const std::string& target, const std::string& match) {
    return contract.call(stack, "PUT", kDocument, target, with(kText, "If-Match", match), "new")
        .status;
  };
  const auto remove = [&](const std::string& match) {
    return contract.call(stack, "DELETE", kDocument, self, {{"If-Match", match}}).status;
  };
  refuse_bodies(contract, stack, "PUT", kDocument, self);
  CHECK(put("/api/documents/none?title=T", tag) == 404);
  CHECK(put(self, tag) == 202);
  CHECK(put(self, tag) == 412);
  CHECK(contract.call(stack, "PUT", kDocument, self, {{"If-None-Match", "*"}, kText[0]}, "x")
            .status == 412);
  CHECK(contract.call(stack, "DELETE", kDocument, self, {{"If-None-Match", "*"}}).status == 412);
  for (const auto& [path, target] :
       {std::pair(kDocument, self), std::pair(kContent, self + "/content")}) {
    CHECK(contract.call(stack, "GET", path, target, {{"If-Match", "W/\"2\""}}).status == 200);
    CHECK(contract.call(stack, "GET", path, target, {{"If-Match", tag}}).status == 412);
    CHECK(contract.call(stack, "GET", path, target, {{"If-Match", "x"}}).status == 400);
  }
  CHECK(remove(tag) == 412);
  CHECK(remove("x") == 400);
  CHECK(remove("*") == 204);
  CHECK(remove("*") == 404);
}

void create_batches(Contract& contract, const ApiService& stack) {
  const auto post = [&](const std::string& key, const std::string& body) {
    return contract.call(stack, "POST", kBatch, kBatch, with(kJson, "Idempotency-Key", key), body);
  };
  const std::string all = R"({"documents":[{"content":"one"},{"content":"two","title":"T"}]})";
  const std::string some = R"({"documents":[{"content":""},{"content":"three"},4]})";
  const std::string unique = R"({"content":"x","job":{"priority":1,"unique_key":"u"}})";
  CHECK(contract.call(stack, "POST", kDocuments, kDocuments, kJson, unique).status == 202);
  CHECK(contract.call(stack, "POST", kDocuments, kDocuments, kJson, unique).status == 409);
  CHECK(post("b4", R"({"documents":[)" + unique + "]}").status == 409);
  CHECK(post("b5", R"({"documents":[)" + unique + R"(,{"content":"y"}]})").status == 207);
  CHECK(post("b1", all).status == 202);
  CHECK(header_of(post("b1", all), "Idempotent-Replayed") == "true");
  CHECK(post("b2", some).status == 207);
  CHECK(header_of(post("b2", some), "Idempotent-Replayed") == "true");
  CHECK(post("b1", some).status == 422);
  CHECK(post("b3", R"({"documents":[]})").status == 422);
  refuse_bodies(contract, stack, "POST", kBatch, kBatch);
  stack.embed_everything();
}

void send_compressed(Contract& contract, const ApiService& stack, const std::string& self) {
  const Fields gzip = with(kJson, "Content-Encoding", "gzip");
  const std::string document = http::gzip(R"({"content":"The moon pulls the sea."})");
  CHECK(contract.call(stack, "POST", kDocuments, kDocuments, gzip, document).status == 202);
  for (const char* replayed : {"(none)", "true"}) {
    const http::Response put =
        contract.call(stack, "PUT", kDocument, self, with(gzip, "Idempotency-Key", "p1"), document);
    CHECK(put.status == 202);
    CHECK(header_of(put, "Idempotent-Replayed") == replayed);
  }
  CHECK(contract
            .call(stack, "POST", kBatch, kBatch, gzip,
                  http::gzip(R"({"documents":[{"content":"The moon."}]})"))
            .status == 202);
  CHECK(
      contract.call(stack, "POST", kSearch, kSearch, gzip, http::gzip(R"({"q":"moon"})")).status ==
      200);
  const Fields brotli = with(kJson, "Content-Encoding", "br");
  for (const auto& [path, method, target] :
       {std::tuple(kDocuments, "POST", std::string(kDocuments)), std::tuple(kDocument, "PUT", self),
        std::tuple(kBatch, "POST", std::string(kBatch)),
        std::tuple(kSearch, "POST", std::string(kSearch))}) {
    const http::Response refused = contract.call(stack, method, path, target, brotli, "x");
    CHECK(refused.status == 415);
    CHECK(header_of(refused, "Accept-Encoding") == "gzip");
  }
}

void search(Contract& contract, const ApiService& stack) {
  const http::Response hits = contract.call(stack, "GET", kSearch, "/api/search?q=moon&k=3");
  CHECK(body_of(hits)["hits"].size() == 1);
  CHECK(contract.call(stack, "GET", kSearch, "/api/search").status == 422);
  const http::Response posted =
      contract.call(stack, "POST", kSearch, kSearch, kJson, R"({"q":"moon","k":3})");
  CHECK(posted.body == hits.body);
  CHECK(
      contract
          .call(stack, "GET", kSearch, "/api/search?q=moon&min_score=0.1&status=ready&metadata.a=1")
          .body == contract.call(stack, "GET", kSearch, "/api/search?q=moon").body);
  refuse_bodies(contract, stack, "POST", kSearch, kSearch);
}

// Nobody listens at the provider's address.
void search_by_words(Contract& contract) {
  const ApiService stack([](config::Config& config) {
    config.embedding.provider = "openai";
    config.embedding.model = "a-model";
    config.embedding.base_url = "http://127.0.0.1:1/v1";
    config.embedding.retries = 0;
    config.embedding.proxy = "off";
  });
  CHECK(body_of(contract.call(stack, "GET", kSearch, "/api/search?q=moon"))["ranking"] == "text");
}

void jobs(Contract& contract, const ApiService& stack, const std::string& dead) {
  CHECK(body_of(contract.call(stack, "GET", kJob, dead))["state"] == "dead");
  CHECK(contract.call(stack, "GET", kJob, "/api/jobs/4711").status == 404);
  const auto retry = [&](const std::string& target, const std::string& key) {
    return contract.call(stack, "POST", kRetry, target + "/retry", {{"Idempotency-Key", key}});
  };
  CHECK(retry(dead, "r1").status == 202);
  CHECK(header_of(retry(dead, "r1"), "Idempotent-Replayed") == "true");
  CHECK(retry("/api/jobs/1", "r1").status == 422);
  CHECK(retry(dead, "no key").status == 400);
  CHECK(contract.call(stack, "POST", kRetry, dead + "/retry").status == 409);
  CHECK(contract.call(stack, "POST", kRetry, "/api/jobs/4711/retry").status == 404);
  const http::Response no_length = without_length(stack, "POST", "/api/jobs/4711/retry");
  CHECK(no_length.status == 404);
  contract.call(stack, "GET", "/api/queue", "/api/queue?queue=default");
}

// What is for the operator's keys alone.
void administer(Contract& contract, const ApiService& stack) {
  const std::string key = stack.make_api_key(store::Scope::Admin);
  const Fields admin = with(kJson, "X-API-Key", key);
  const auto call = [&](const std::string& method, const std::string& path,
                        const std::string& target, const std::string& body = "") {
    return contract.call(stack, method, path, target, admin, body);
  };
  const auto post = [&](const std::string& path, const std::string& body) {
    return call("POST", path, path, body);
  };
  const char* const kJobs = "/api/jobs";
  const char* const kBulk = "/api/jobs/bulk";
  const char* const kCancel = "/api/jobs/{id}/cancel";
  for (const char* const path : {kBulk, "/api/queue/pause", "/api/queue/resume"}) {
    CHECK(contract.call(stack, "POST", path, path, kJson, "{}").status == 403);
    CHECK(post(path, "{").status == 400);
    CHECK(post(path, kTooLarge).status == 413);
    CHECK(
        contract.call(stack, "POST", path, path, {{"Content-Type", "a/b"}, admin[1]}, "x").status ==
        415);
    CHECK(post(path, R"({"x":1})").status == 422);
    const http::Response no_length =
        without_length(stack, "POST", path, "X-API-Key: " + key + "\r\n");
    CHECK(no_length.status == 411);
    contract.check("POST", path, no_length);
  }
  CHECK(post("/api/queue/pause", R"({"kind":"nope"})").status == 422);
  CHECK(post("/api/queue/pause", R"({"queue":"nope"})").status == 422);
  CHECK(post("/api/queue/pause", R"({"kind":"embed"})").status == 204);
  CHECK(body_of(contract.call(stack, "GET", "/api/queue", "/api/queue"))["paused_kinds"][0] ==
        "embed");
  CHECK(post("/api/queue/resume", R"({"queue":"default","kind":"embed"})").status == 204);
  CHECK(contract.call(stack, "GET", "/api/queue", "/api/queue?queue=").status == 422);

  CHECK(contract.call(stack, "GET", kJobs, kJobs).status == 403);
  const http::Response page = call("GET", kJobs, "/api/jobs?limit=1&status=done,dead");
  const std::string next = body_of(page)["next_cursor"];
  CHECK(call("GET", kJobs, "/api/jobs?kind=embed&queue=default&cursor=" + next).status == 200);
  CHECK(call("GET", kJobs, "/api/jobs?older_than=1ms").status == 200);
  for (const char* const wrong :
       {"status=odd", "older_than=soon", "limit=0", "cursor=x", "kind=", "queue="})
    CHECK(call("GET", kJobs, std::string("/api/jobs?") + wrong).status == 422);

  const std::string self = "/api/jobs/" + std::to_string(body_of(page)["jobs"][0]["id"].get<int>());
  CHECK(contract.call(stack, "POST", kCancel, self + "/cancel").status == 403);
  CHECK(call("POST", kCancel, self + "/cancel").status == 409);
  CHECK(call("POST", kCancel, "/api/jobs/4711/cancel").status == 404);
  // As `curl -X POST` asks.
  const http::Response bare =
      without_length(stack, "POST", self + "/cancel", "X-API-Key: " + key + "\r\n");
  CHECK(bare.status == 409);
  contract.check("POST", kCancel, bare);
  REQUIRE(stack.post_json(kDocuments, R"({"content":"held"})").status == 202);
  stack.hold_everything();
  const auto running = body_of(call("GET", kJobs, "/api/jobs?status=running"))["jobs"];
  REQUIRE_FALSE(running.empty());
  const std::string held = "/api/jobs/" + std::to_string(running[0]["id"].get<int>());
  CHECK(body_of(call("POST", kCancel, held + "/cancel"))["cancel_requested"] == true);
  CHECK(call("DELETE", kJob, held).status == 409);
  CHECK(call("DELETE", kJob, "/api/jobs/4711").status == 404);
  CHECK(contract.call(stack, "DELETE", kJob, self).status == 403);

  const std::string all = R"({"action":"discard","status":["done"])";
  const auto counted = body_of(post(kBulk, all + "}"));
  CHECK(counted["changed"] == 0);
  const std::int64_t matching = counted["matching"];
  REQUIRE(matching > 1);
  CHECK(post(kBulk, all + R"(,"count":1})").status == 409);
  CHECK(body_of(post(kBulk, all + R"(,"count":)" + std::to_string(matching) + "}"))["changed"] ==
        matching);
  const auto refused =
      body_of(post(kBulk, R"({"action":"retry","ids":[)" + held.substr(10) + "]}"));
  CHECK(refused["refused"] == 1);
  // The jobs that there are count, however often they are named.
  const auto named = body_of(post(
      kBulk, R"({"action":"retry","ids":[4711,)" + held.substr(10) + "," + held.substr(10) + "]}"));
  CHECK(named["matching"] == 1);
  CHECK(named["refused"] == 1);
  CHECK(refused["refusal"].get<std::string>().find("is running") != std::string::npos);
  const auto dead = body_of(call("GET", kJobs, "/api/jobs?status=dead,cancelled"))["jobs"];
  REQUIRE_FALSE(dead.empty());
  CHECK(call("DELETE", kJob, "/api/jobs/" + std::to_string(dead[0]["id"].get<int>())).status ==
        204);
}

void operations(Contract& contract, const ApiService& stack) {
  contract.call(stack, "GET", "/health", "/health");
  contract.call(stack, "GET", "/live", "/live");
  contract.call(stack, "GET", "/ready", "/ready");
  contract.call(stack, "GET", "/metrics", "/metrics");
  contract.call(stack, "GET", "/metrics", "/metrics",
                {{"Accept", "application/openmetrics-text; version=1.0.0"}});
  contract.call(stack, "GET", "/internal/stats", "/internal/stats");
  const Fields proxied{{"X-Forwarded-For", "203.0.113.9"}};
  CHECK(contract.call(stack, "GET", "/metrics", "/metrics", proxied).status == 403);
  CHECK(contract.call(stack, "GET", "/internal/stats", "/internal/stats", proxied).status == 403);
  const http::Response description = contract.call(stack, "GET", "/openapi.json", "/openapi.json");
  CHECK(contract
            .call(stack, "GET", "/openapi.json", "/openapi.json",
                  {{"If-None-Match", header_of(description, "ETag")}})
            .status == 304);
  CHECK(contract.call(stack, "GET", "/openapi.json", "/openapi.json", {{"If-Match", "\"another\""}})
            .status == 412);
}

void ready_in_detail(Contract& contract) {
  const ApiService stack({}, [](const auto&, const http::Responder& respond) {
    respond(http::Response::json(200,
                                 R"({"status":"warn","checks":{)"
                                 R"("database":{"status":"pass","reached_by":3,"workers":3},)"
                                 R"("redis":{"status":"fail","reached_by":0,"workers":2},)"
                                 R"("embedding":{"status":"unused"},)"
                                 R"("queue":{"status":"pass","queues":{"default":{"ready":1}}}},)"
                                 R"("programs":[{"name":"api-worker","wanted":2,"ready":2}]})"));
  });
  CHECK(contract.call(stack, "GET", "/ready", "/ready?verbose=").status == 200);
}

void not_ready(Contract& contract) {
  const ApiService stack({}, [](const auto&, const http::Responder& respond) {
    respond(http::Response::json(503, R"({"status":"fail","reason":"draining"})"));
  });
  CHECK(contract.call(stack, "GET", "/ready", "/ready").status == 503);
  stack.remove_supervisor_socket();
  // The last good answer stands in for a moment.
  CHECK(holdfast::test::wait_until([&] {
    const http::Response answer = contract.call(stack, "GET", "/ready", "/ready");
    return answer.status == 503 && header_of(answer, "Content-Type") == "application/problem+json";
  }));
}

}  // namespace

TEST_CASE("every operation, status, media type, parameter and field is answered as described") {
  Contract contract;
  const ApiService stack(make_small);
  refuse_bodies(contract, stack, "POST", kDocuments, kDocuments);
  const http::Response created = contract.call(
      stack, "POST", kDocuments, kDocuments, with(kJson, "Idempotency-Key", "k1"),
      R"({"title":"Tides","content":"The moon pulls the sea.","metadata":{"a":[1]}})");
  const http::Response again = contract.call(
      stack, "POST", kDocuments, kDocuments, with(kJson, "Idempotency-Key", "\"k1\""),
      R"({"title":"Tides","content":"The moon pulls the sea.","metadata":{"a":[1]}})");
  CHECK(header_of(again, "Idempotent-Replayed") == "true");
  stack.embed_everything();
  const http::Response failing =
      contract.call(stack, "POST", kDocuments, "/api/documents?title=Fails", kText, "text");
  stack.fail_everything("the provider refused it");

  read_documents(contract, stack, header_of(created, "Location"));
  read_documents(contract, stack, header_of(failing, "Location"));
  list_documents(contract, stack);
  search(contract, stack);
  search_by_words(contract);
  jobs(contract, stack, body_of(failing)["links"]["job"]);
  change_documents(contract, stack, header_of(created, "Location"));
  create_batches(contract, stack);
  send_compressed(contract, stack, header_of(failing, "Location"));
  administer(contract, stack);
  operations(contract, stack);
  ready_in_detail(contract);
  not_ready(contract);

  for (const std::string& what : contract.missing())
    FAIL_CHECK("described, and not seen: " << what);
}

TEST_CASE("a path answers the methods that are described, and 405 with them in Allow to others") {
  const Contract contract;
  const ApiService stack;
  for (const auto& [path, item] : contract.document()["paths"].items()) {
    std::string target = path;
    if (const std::size_t at = target.find("{id}"); at != std::string::npos) {
      target.replace(at, 4, "7");
    }
    std::set<std::string> methods{"OPTIONS"};
    if (item.contains("get")) methods.insert({"GET", "HEAD"});
    if (item.contains("post")) methods.insert("POST");
    if (item.contains("put")) methods.insert("PUT");
    if (item.contains("delete")) methods.insert("DELETE");
    for (const char* method : {"GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"}) {
      INFO(method << " " << path);
      const http::Response answer = stack.call(method, target, kJson, "{}");
      CHECK((answer.status == 405) == !methods.contains(method));
      if (answer.status != 405 && method != std::string("OPTIONS")) continue;
      const std::string allow = header_of(answer, "Allow") + ", ";
      std::set<std::string> allowed;
      for (std::size_t at = 0; at < allow.size(); at = allow.find(' ', at) + 1)
        allowed.insert(allow.substr(at, allow.find(',', at) - at));
      CHECK(allowed == methods);
    }
  }
}
