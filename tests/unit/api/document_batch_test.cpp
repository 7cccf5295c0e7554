// SPDX-License-Identifier: Apache-2.0
// Many documents in one request, each with its own outcome; and requests in gzip.
#include "api-worker/handlers/document_batch.hpp"

#include "api-worker/edge/json_input.hpp"
#include "common/http/content_coding.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/api/api_service.hpp"
#include "tests/unit/api/support.hpp"

using namespace holdfast;
using namespace holdfast::api;
using api::test::ApiService;
using api::test::body_of;
using api::test::header_of;
using Json = nlohmann::json;

namespace {

http::Response send(const ApiService& stack, const std::string& body, const std::string& key = "") {
  api::test::Fields fields{{"Content-Type", "application/json"}};
  if (!key.empty()) fields.emplace_back("Idempotency-Key", key);
  return stack.call("POST", "/api/documents/batch", fields, body);
}

std::size_t stored(const ApiService& stack) {
  return body_of(stack.get("/api/documents?limit=100"))["documents"].size();
}

std::string numbered(std::size_t count) {
  Json documents = Json::array();
  for (std::size_t i = 0; i < count; ++i)
    documents.push_back({{"content", "text " + std::to_string(i)}});
  return Json{{"documents", documents}}.dump();
}

std::vector<std::string> pointers(const Json& errors) {
  std::vector<std::string> all;
  for (const Json& error : errors)
    all.push_back(error["pointer"]);
  return all;
}

}  // namespace

TEST_CASE("a batch stores its documents in order, each with a job") {
  const ApiService stack;
  const http::Response answer =
      send(stack,
           R"({"documents":[{"title":"A","content":"one","metadata":{"n":1}},{"content":"two"}]})");
  REQUIRE(answer.status == 202);
  const Json results = body_of(answer)["results"];
  REQUIRE(results.size() == 2);
  for (const Json& result : results)
    CHECK(result["status"] == 202);
  const Json first = body_of(stack.get(results[0]["document"]["links"]["self"]));
  CHECK(first["title"] == "A");
  CHECK(first["content"] == "one");
  CHECK(first["metadata"] == Json{{"n", 1}});
  CHECK(body_of(stack.get(results[1]["document"]["links"]["self"]))["title"] == "two");
  for (const Json& result : results)
    CHECK(body_of(stack.get(result["document"]["links"]["job"]))["state"] == "ready");
  CHECK(stack.rings() == 1);
  stack.embed_everything();
  CHECK(body_of(stack.get("/api/documents?status=ready"))["documents"].size() == 2);
}

TEST_CASE("what is wrong with one document costs that one") {
  const ApiService stack;
  const http::Response answer =
      send(stack, R"({"documents":[{"content":" "},{"content":"good"},{"title":7,"x":1},[]]})");
  REQUIRE(answer.status == 207);
  const Json results = body_of(answer)["results"];
  REQUIRE(results.size() == 4);
  CHECK(results[1]["status"] == 202);
  for (const std::size_t i : {0, 2, 3})
    CHECK(results[i]["status"] == 422);
  CHECK(pointers(results[0]["errors"]) == std::vector<std::string>{"#/documents/0/content"});
  CHECK(pointers(results[2]["errors"]) == std::vector<std::string>{"#/documents/2/title",
                                                                   "#/documents/2/content",
                                                                   "#/documents/2/x"});
  CHECK(pointers(results[3]["errors"]) == std::vector<std::string>{"#/documents/3"});
  CHECK(stored(stack) == 1);
}

TEST_CASE("a document has in a batch the limits of JSON that it has alone, and no others") {
  const ApiService stack;
  const auto nested = [](std::size_t levels) {
    std::string metadata;
    for (std::size_t i = 1; i < levels; ++i)
      metadata += R"({"m":)";
    return R"({"content":"c","metadata":)" + metadata + "{}" + std::string(levels - 1, '}') + "}";
  };
  std::string many = "0";
  for (int i = 0; i < 8000; ++i)
    many += ",0";
  const std::string full = R"({"content":"c","metadata":{"m":[)" + many + "]}}";
  std::string values = "[0";
  for (std::size_t i = 0; i < kMaxJsonValues; ++i)
    values += ",0";
  const std::string too_many = R"({"content":"c","metadata":{"m":)" + values + "]}}";
  const std::string deepest = nested(kMaxJsonDepth - 1);
  const std::string too_deep = nested(kMaxJsonDepth);
  const std::string far_too_deep = nested(100'000);
  const std::vector<std::pair<std::string, bool>> documents{{R"({"content":"ok"})", true},
                                                            {deepest, true},
                                                            {too_deep, false},
                                                            {far_too_deep, false},
                                                            {full, true},
                                                            {full, true},
                                                            {full, true},
                                                            {full, true},
                                                            {full, true},
                                                            {full, true},
                                                            {full, true},
                                                            {full, true},
                                                            {full, true},
                                                            {too_many, false},
                                                            {R"({"content":"last"})", true},
                                                            {R"([[["c"]]])", false},
                                                            {"12", false}};
  std::string body;
  for (const auto& [document, fine] : documents) {
    INFO(document.substr(0, 80));
    const int alone =
        stack.call("POST", "/api/documents", {{"Content-Type", "application/json"}}, document)
            .status;
    CHECK((alone == 202) == fine);
    body += (body.empty() ? "" : ",") + document;
  }
  const http::Response answer = send(stack, R"({"documents":[)" + body + "]}");
  REQUIRE(answer.status == 207);
  const Json results = body_of(answer)["results"];
  REQUIRE(results.size() == documents.size());
  for (std::size_t i = 0; i < documents.size(); ++i) {
    INFO(i << ": " << results[i].dump().substr(0, 200));
    CHECK(results[i]["status"] == (documents[i].second ? 202 : 422));
  }
  CHECK(results[2]["errors"] ==
        Json::parse(R"([{"pointer":"#/documents/2","detail":"is nested deeper than 32 levels"}])"));
  CHECK(results[13]["errors"][0]["detail"] == "has more than 65536 values");
  // What is around the documents has limits of its own.
  CHECK(send(stack, R"({"documents":[)" + values.substr(1) + "]}").status == 413);
  CHECK(send(stack, R"({"documents":[{"content":"c"}],"more":)" + std::string(32, '[') +
                        std::string(32, ']') + "}")
            .status == 400);
}

TEST_CASE("a name that one document repeats costs that one") {
  const ApiService stack;
  const http::Response answer =
      send(stack, R"({"documents":[{"content":"x","content":"y"},{"content":"good"},)"
                  R"({"content":"z","metadata":{"a":{"b":1,"b":2}}}]})");
  REQUIRE(answer.status == 207);
  const Json results = body_of(answer)["results"];
  CHECK(results[0]["errors"] == Json::parse(R"([{"pointer":"#/documents/0/content",)"
                                            R"("detail":"appears more than once"}])"));
  CHECK(results[1]["status"] == 202);
  CHECK(results[2]["errors"] == Json::parse(R"([{"pointer":"#/documents/2/metadata",)"
                                            R"("detail":"repeats the name 'b'"}])"));
  CHECK(stored(stack) == 1);
  // The list itself is everybody's.
  const http::Response twice =
      send(stack, R"({"documents":[{"content":"x"}],"documents":[{"content":"y"}]})");
  CHECK(twice.status == 422);
  CHECK(pointers(body_of(twice)["errors"]) == std::vector<std::string>{"#/documents"});
  CHECK(stored(stack) == 1);
}

TEST_CASE("a number that one document would lose a part of costs that one") {
  const ApiService stack;
  const http::Response answer = send(
      stack,
      R"({"documents":[{"content":"good"},{"content":"x","metadata":{"ids":[1,99999999999999999999]}},)"
      R"(123456789012345678901234567890]})");
  REQUIRE(answer.status == 207);
  const Json results = body_of(answer)["results"];
  REQUIRE(results.size() == 3);
  CHECK(results[0]["status"] == 202);
  CHECK(pointers(results[1]["errors"]) == std::vector<std::string>{"#/documents/1/metadata/ids/1"});
  CHECK(pointers(results[2]["errors"]) == std::vector<std::string>{"#/documents/2"});
  CHECK(stored(stack) == 1);
}

TEST_CASE("what is JSON but no value costs the document that has it, and alone is 400 as ever") {
  const ApiService stack;
  const auto metadata = [](const std::string& value) {
    return R"({"content":"c","metadata":{"n":)" + value + "}}";
  };
  const std::string digits(400, '9');
  const std::vector<std::string> bad{metadata("1e400"),
                                     metadata("[0,-1E+400,{\"m\":1e999999999999}]"),
                                     metadata(digits),
                                     metadata("-" + digits + ".5e-2"),
                                     R"({"content":"c","job":{"priority":1e400}})",
                                     R"({"content":"half \ud800 a pair"})",
                                     R"({"content":"\udc00 and \uD83D\uD83D"})",
                                     R"({"content":"c","title":"\ud800\u0041"})",
                                     R"({"content":"c","metadata":{"\udfff":1}})",
                                     R"({"content":"c","\ud800":1})",
                                     R"(["c",1e400,"\ud800"])",
                                     "1e400",
                                     R"("\ud800")"};
  // What looks like it is none.
  const std::vector<std::string> good{metadata("1e308"),
                                      metadata("1e-400"),
                                      metadata("-0"),
                                      metadata("-0.0e5"),
                                      metadata(std::string(300, '1') + ".0"),
                                      metadata("0." + digits),
                                      metadata(R"("1e400 \\ud800 \" 1e400")"),
                                      R"({"content":"\ud83d\ude00 \\ud800 \ud83c\udff4"})"};
  std::string body;
  for (std::size_t i = 0; i < std::max(bad.size(), good.size()); ++i) {
    if (i < bad.size()) {
      INFO(bad[i]);
      CHECK(stack.call("POST", "/api/documents", {{"Content-Type", "application/json"}}, bad[i])
                .status == 400);
      body += (body.empty() ? "" : ",\n") + bad[i];
    }
    if (i < good.size()) body += "," + good[i];
  }
  const http::Response answer = send(stack, R"({"documents":[)" + body + "]}");
  REQUIRE(answer.status == 207);
  const Json results = body_of(answer)["results"];
  REQUIRE(results.size() == bad.size() + good.size());
  std::vector<Json> refused;
  for (std::size_t i = 0; i < results.size(); ++i) {
    const bool fine = i < 2 * good.size() && i % 2 == 1;
    INFO(i << ": " << results[i].dump().substr(0, 300));
    CHECK(results[i]["status"] == (fine ? 202 : 422));
    if (!fine) refused.push_back(results[i]["errors"]);
  }
  CHECK(refused[0] == Json::parse(R"([{"pointer":"#/documents/0/metadata/n","detail":)"
                                  R"("is a number beyond what a double holds: )"
                                  R"(send it as a string"}])"));
  CHECK(pointers(refused[1]) ==
        std::vector<std::string>{"#/documents/2/metadata/n/1", "#/documents/2/metadata/n/2/m"});
  CHECK(refused[5] == Json::parse(R"([{"pointer":"#/documents/10/content","detail":)"
                                  R"("has half a surrogate pair, which is no character"}])"));
  CHECK(pointers(refused[6]) == std::vector<std::string>{"#/documents/12/content"});
  CHECK(pointers(refused[11]) == std::vector<std::string>{"#/documents/19"});
  CHECK(stored(stack) == good.size());
  const Json last = body_of(stack.get(results[15]["document"]["links"]["self"]));
  CHECK(last["content"] == "\U0001F600 \\ud800 \U0001F3F4");
  // Around the documents it is everybody's, and what is no JSON stays none.
  for (const std::string& wrong : {std::string(R"({"documents":[{"content":"c"}],"more":1e400})"),
                                   std::string(R"({"documents":[{"content":"c"}],"\ud800":1})"),
                                   std::string(R"({"documents":[{"content":"c"},1e400 5]})"),
                                   std::string(R"({"documents":[{"content":"c"},01e400]})"),
                                   std::string(R"({"documents":[{"content":"c"},1.e400]})"),
                                   std::string(R"({"documents":[{"content":"c"},"\ud800\uzzzz"]})"),
                                   std::string(R"({"documents":[{"content":"c"},"\ud800]})")}) {
    INFO(wrong);
    CHECK(send(stack, wrong).status == 400);
  }
  CHECK(stored(stack) == good.size());
}

TEST_CASE("a unique key that is taken costs its own document, and all only if all are taken") {
  const ApiService stack;
  const auto keyed = [](const std::string& content, const std::string& key) {
    return Json{{"content", content}, {"job", {{"unique_key", key}}}};
  };
  const auto batch = [](const Json& documents) { return Json{{"documents", documents}}.dump(); };
  const std::string body = batch({{{"content", "none"}},
                                  keyed("first", "k"),
                                  keyed("second", "k"),
                                  {{"content", ""}},
                                  keyed("another", "l")});
  const http::Response answer = send(stack, body, "once");
  REQUIRE(answer.status == 207);
  const Json results = body_of(answer)["results"];
  std::vector<int> statuses;
  for (const Json& result : results)
    statuses.push_back(result["status"]);
  CHECK(statuses == std::vector<int>{202, 202, 409, 422, 202});
  CHECK(pointers(results[2]["errors"]) == std::vector<std::string>{"#/documents/2/job/unique_key"});
  CHECK(body_of(stack.get(results[1]["document"]["links"]["self"]))["content"] == "first");
  CHECK(stored(stack) == 3);
  CHECK(send(stack, body, "once").body == answer.body);

  const std::string taken = batch({keyed("a", "k"), {{"content", ""}}, keyed("b", "l")});
  const http::Response refused = send(stack, taken, "later");
  CHECK(refused.status == 409);
  CHECK(pointers(body_of(refused)["errors"]) ==
        std::vector<std::string>{"#/documents/0/job/unique_key", "#/documents/1/content",
                                 "#/documents/2/job/unique_key"});
  CHECK(stored(stack) == 3);
  // What was refused may be sent again, with the same key, and is stored once it can be.
  stack.embed_everything();
  CHECK(send(stack, taken, "later").status == 207);
  CHECK(stored(stack) == 5);
}

TEST_CASE("a batch without a valid document, or of the wrong shape, is 422 and stores nothing") {
  const ApiService stack;
  const http::Response none = send(stack, R"({"documents":[{"content":""},{}]})");
  CHECK(none.status == 422);
  CHECK(pointers(body_of(none)["errors"]) ==
        std::vector<std::string>{"#/documents/0/content", "#/documents/1/content"});
  for (const std::string& bad :
       {std::string("{}"), std::string(R"({"documents":{}})"), std::string(R"({"documents":[]})"),
        std::string(R"({"documents":[{"content":"c"}],"more":1})"), numbered(kMaxBatch + 1)}) {
    INFO(bad.substr(0, 80));
    CHECK(send(stack, bad).status == 422);
  }
  CHECK(send(stack, "[]").status == 422);
  CHECK(send(stack, R"({"documents":[{"content":"c"},]})").status == 400);
  CHECK(send(stack, R"({"documents":[{"content":"c","content":"d"}]})").status == 422);
  CHECK(stack.call("POST", "/api/documents/batch", {{"Content-Type", "text/plain"}}, "x").status ==
        415);
  CHECK(stored(stack) == 0);
  CHECK(stack.rings() == 0);
  CHECK(body_of(send(stack, numbered(kMaxBatch)))["results"].size() == kMaxBatch);
}

TEST_CASE("a batch as a whole has the limit of a document, and of the rate limit one request") {
  const ApiService stack([](config::Config& config) {
    config.http.max_document_bytes = 20'000;
    config.http.max_body_bytes = 1000;
    config.rate_limit.enabled = true;
    config.rate_limit.max = 3;
  });
  CHECK(send(stack, numbered(100)).status == 202);
  CHECK(
      send(stack, R"({"documents":[{"content":")" + std::string(20'000, 'x') + R"("}]})").status ==
      413);
  const http::Response last = send(stack, numbered(2));
  CHECK(last.status == 202);
  // The one that was too large was refused before it was counted.
  CHECK(header_of(last, "X-RateLimit-Remaining") == "1");
}

TEST_CASE("a repeated batch gets the same answer, byte for byte") {
  const ApiService stack;
  const std::string body = R"({"documents":[{"content":"one"},{"content":""},{"content":"two"}]})";
  const http::Response first = send(stack, body, "k1");
  REQUIRE(first.status == 207);
  CHECK(stack.rings() == 1);
  const http::Response again = send(
      stack, R"({ "documents" : [ {"content":"one"}, {"content":""}, {"content":"two"} ] })", "k1");
  CHECK(again.status == 207);
  CHECK(again.body == first.body);
  CHECK(header_of(again, "Idempotent-Replayed") == "true");
  CHECK(stack.rings() == 0);
  CHECK(stored(stack) == 2);
  // Another order, another number, another operation.
  for (const char* other : {R"({"documents":[{"content":"two"},{"content":""},{"content":"one"}]})",
                            R"({"documents":[{"content":"one"},{"content":"two"}]})",
                            R"({"documents":[{"content":"one"}]})"}) {
    CHECK(send(stack, other, "k1").status == 422);
  }
  CHECK(stack
            .call("POST", "/api/documents",
                  {{"Content-Type", "application/json"}, {"Idempotency-Key", "k1"}},
                  R"({"content":"one"})")
            .status == 422);
  CHECK(stored(stack) == 2);
}

TEST_CASE("documents and batches may be sent in gzip") {
  const ApiService stack;
  const api::test::Fields gzip{{"Content-Type", "application/json"}, {"Content-Encoding", "gzip"}};
  const std::string text(60'000, 'x');
  const http::Response created =
      stack.call("POST", "/api/documents", gzip, http::gzip(R"({"content":")" + text + R"("})"));
  REQUIRE(created.status == 202);
  CHECK(stack.get(header_of(created, "Location") + "/content").body == text);
  CHECK(stack.call("PUT", header_of(created, "Location"), gzip, http::gzip(R"({"content":"b"})"))
            .status == 202);
  CHECK(stack.call("POST", "/api/documents/batch", gzip, http::gzip(numbered(50))).status == 202);
  CHECK(stored(stack) == 51);
}

TEST_CASE("a bomb is 413, damaged gzip 400, another coding 415 with the one that is supported") {
  const ApiService stack([](config::Config& config) { config.http.body_memory = 32u << 20; });
  const auto send_coded = [&](const std::string& coding, const std::string& body) {
    return stack.call("POST", "/api/documents",
                      {{"Content-Type", "text/plain"}, {"Content-Encoding", coding}}, body);
  };
  const http::Response bomb = send_coded("gzip", http::gzip(std::string(9u << 20, 'x')));
  CHECK(bomb.status == 413);
  CHECK(body_of(bomb)["detail"].get<std::string>().find("200 times") != std::string::npos);
  CHECK(header_of(bomb, "Content-Type") == "application/problem+json");
  CHECK(send_coded("gzip", http::gzip(std::string(11u << 20, 'x'))).status == 413);
  CHECK(send_coded("gzip", "no gzip").status == 400);
  CHECK(send_coded("gzip", http::gzip("text").substr(0, 12)).status == 400);
  for (const char* coding : {"br", "deflate", "gzip, gzip", "gzip, br"}) {
    const http::Response refused = send_coded(coding, http::gzip("text"));
    CHECK(refused.status == 415);
    CHECK(header_of(refused, "Accept-Encoding") == "gzip");
  }
  CHECK(stored(stack) == 0);
}
