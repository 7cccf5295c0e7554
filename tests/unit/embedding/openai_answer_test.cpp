// SPDX-License-Identifier: Apache-2.0
// What is made of the answers of embedding servers.
#include "common/embedding/openai_answer.hpp"

#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <cmath>

using namespace holdfast;
using namespace holdfast::embedding;
using namespace std::chrono_literals;
using Json = nlohmann::json;
using Kind = Judgement::Kind;

namespace {

config::Embedding three_dimensions() {
  config::Embedding config;
  config.provider = "openai";
  config.model = "a-model";
  config.dimensions = 3;
  return config;
}

Judgement judge_body_of(const std::string& body, std::size_t texts = 1, int status = 200) {
  http::Response response;
  response.status = status;
  response.body = body;
  return judge(response, texts, three_dimensions(), WallTime{});
}

Judgement judge_status_of(int status, const std::string& body = "",
                          const http::Headers& headers = {}) {
  http::Response response;
  response.status = status;
  response.body = body;
  response.headers = headers;
  return judge(response, 1, three_dimensions(), WallTime{});
}

std::string data(const std::string& items) {
  return R"({"object":"list","data":[)" + items +
         R"(],"usage":{"prompt_tokens":4,"total_tokens":5}})";
}

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("vectors come in the order of their texts, whatever that of the answer, of unit length") {
  const auto judged =
      judge_body_of(data(R"({"index":1,"embedding":[0,4,0]},{"index":0,"embedding":[3,0,4]})"), 2);
  REQUIRE(judged.kind == Kind::Answered);
  CHECK(judged.tokens == 5);
  REQUIRE(judged.vectors.size() == 2);
  CHECK(judged.vectors[0][0] == Approx(0.6));
  CHECK(judged.vectors[0][2] == Approx(0.8));
  CHECK(judged.vectors[1][1] == Approx(1));
}

TEST_CASE("an answer without indices is in the order of the texts") {
  const auto judged = judge_body_of(data(R"({"embedding":[1,0,0]},{"embedding":[0,1,0]})"), 2);
  REQUIRE(judged.kind == Kind::Answered);
  CHECK(judged.vectors[1][1] == Approx(1));
}

TEST_CASE("indices that are no whole numbers are as good as none, if all are") {
  for (const char* const index : {R"("1")", "null", "0.5", "-1", "[]", "true", "1e300"}) {
    CAPTURE(index);
    const auto judged = judge_body_of(
        data(fmt::format(
            R"({{"index":{0},"embedding":[1,0,0]}},{{"index":{0},"embedding":[0,1,0]}})", index)),
        2);
    REQUIRE(judged.kind == Kind::Answered);
    CHECK(judged.vectors[1][1] == Approx(1));
  }
  const auto judged = judge_body_of(
      data(R"({"index":1.0,"embedding":[0,1,0]},{"index":0.0,"embedding":[1,0,0]})"), 2);
  REQUIRE(judged.kind == Kind::Answered);
  CHECK(judged.vectors[1][1] == Approx(1));
}

TEST_CASE("vectors in base64 are float32, little endian, with line ends and padding or without") {
  // 1.0, 0.0, 0.0
  for (const char* const text : {"AACAPwAAAAAAAAAA", "AACAPwAA\\r\\nAAAAAAAA\\n"}) {
    const auto judged = judge_body_of(data(fmt::format(R"({{"index":0,"embedding":"{}"}})", text)));
    REQUIRE(judged.kind == Kind::Answered);
    CHECK(judged.vectors[0] == std::vector<float>{1, 0, 0});
  }
  // One number has an end to pad; that it is too few says that it was read.
  for (const char* const text : {"AACAPw==", "AACAPw=\\n=", "AACAPw"}) {
    CAPTURE(text);
    const auto judged = judge_body_of(data(fmt::format(R"({{"index":0,"embedding":"{}"}})", text)));
    CHECK(has(judged.message, "vectors of 1"));
  }
}

TEST_CASE("what an answer of 200 may lack") {
  struct Row {
    std::string body;
    std::size_t texts;
    Kind kind;
    std::string message;
  };
  const std::string good = R"({"index":0,"embedding":[1,0,0]})";
  for (const Row& row : {
           Row{"", 1, Kind::Outage, "not JSON"},
           Row{"<html>", 2, Kind::Refused, "not JSON"},
           Row{"[]", 2, Kind::Refused, "no vectors"},
           Row{"<html>", 1, Kind::Outage, "not JSON"},
           Row{R"({"data":[{"index":0,"embedding":[1,0,)", 1, Kind::Outage, "not JSON"},
           Row{data(good) + std::string("\0more", 5), 1, Kind::Outage, "not JSON"},
           Row{"[]", 1, Kind::Outage, "no vectors"},
           Row{R"({"error":{"message":"model is loading"}})", 1, Kind::Outage, "model is loading"},
           Row{R"({"data":{}})", 1, Kind::Outage, "no vectors"},
           Row{data(good), 2, Kind::Refused, "1 vectors came for 2 texts"},
           Row{data(""), 1, Kind::Outage, "0 vectors came for 1 texts"},
           Row{data(good + "," + good), 2, Kind::Refused, "two in one"},
           Row{data(good + R"(,{"index":"1","embedding":[1,0,0]})"), 2, Kind::Refused, "no place"},
           Row{data(good + R"(,{"index":2,"embedding":[1,0,0]})"), 2, Kind::Refused, "no place"},
           Row{data(R"({"index":7,"embedding":[1,0,0]})"), 1, Kind::Outage, "no place"},
           Row{data(R"({"index":0,"embedding":[1,null,0]})"), 1, Kind::Refused,
               "not one of numbers"},
           Row{data(R"({"index":0,"embedding":null})"), 1, Kind::Refused, "not one of numbers"},
           Row{data(R"({"index":0})"), 1, Kind::Refused, "not one of numbers"},
           Row{data(R"({"index":0,"embedding":[]})"), 1, Kind::Refused, "not one of numbers"},
           Row{data(R"({"index":0,"embedding":[NaN,0,1]})"), 1, Kind::Refused, "not finite"},
           Row{data(R"({"index":0,"embedding":[1e300,0,1]})"), 1, Kind::Refused, "not finite"},
           Row{data(R"({"index":0,"embedding":[0,0,0]})"), 1, Kind::Refused, "zero"},
           Row{data(R"({"index":0,"embedding":"AADAfwAAAAAAAAAA"})"), 1, Kind::Refused,
               "not finite"},
           Row{data(R"({"index":0,"embedding":"AACAP"})"), 1, Kind::Refused, "not one of numbers"},
           Row{data(R"({"index":0,"embedding":"\n"})"), 1, Kind::Refused, "not one of numbers"},
           Row{data(R"({"index":0,"embedding":"@@@@"})"), 1, Kind::Refused, "not one of numbers"},
           Row{data(R"({"index":0,"embedding":[1,0]})"), 1, Kind::Misconfigured,
               "the model \"a-model\" makes vectors of 2, and embedding.dimensions is 3"},
           Row{data(R"({"index":0,"embedding":"AACAPw=="})"), 1, Kind::Misconfigured,
               "vectors of 1"},
       }) {
    CAPTURE(row.body);
    const auto judged = judge_body_of(row.body, row.texts);
    CHECK(to_string(judged.kind) == to_string(row.kind));
    CHECK(has(judged.message, row.message));
    CHECK(judged.vectors.empty() == true);
  }
}

TEST_CASE("what follows from a status") {
  struct Row {
    int status;
    std::string body;
    Kind kind;
  };
  for (const Row& row : {
           Row{400, R"({"error":{"message":"'$.input' is invalid"}})", Kind::Refused},
           Row{422, R"({"detail":"no"})", Kind::Refused},
           Row{400, R"({"error":{"message":"This model's maximum context length is 8192 tokens"}})",
               Kind::TooLong},
           Row{500, R"({"error":{"message":"input is too large to process"}})", Kind::TooLong},
           Row{400, R"({"error":"the input length exceeds the context length"})", Kind::TooLong},
           Row{413, "", Kind::TooLong},
           Row{400, R"({"error":{"code":400,"type":"exceed_context_size_error","message":"no"}})",
               Kind::TooLong},
           Row{500,
               R"({"error":{"message":"input (900 tokens) is larger than the max context )"
               R"(size (512 tokens). skipping"}})",
               Kind::TooLong},
           Row{400, R"({"error":{"message":"the request exceeds the available context size"}})",
               Kind::TooLong},
           Row{400, R"({"error":{"message":"BedrockException: Too many input tokens"}})",
               Kind::TooLong},
           Row{400, R"({"error":"Input length 1030 exceeds maximum allowed token size 512"})",
               Kind::TooLong},
           Row{422, R"({"detail":[{"type":"string_too_long","loc":["body","input"]}]})",
               Kind::TooLong},
           Row{401, R"({"error":{"message":"Incorrect API key provided"}})", Kind::Misconfigured},
           Row{403, "", Kind::Refused},
           Row{402, "", Kind::Misconfigured},
           Row{404, R"({"error":{"message":"The model does not exist"}})", Kind::Misconfigured},
           Row{405, "", Kind::Misconfigured},
           Row{301, "", Kind::Misconfigured},
           Row{307, "", Kind::Misconfigured},
           Row{429, "", Kind::Limited},
           Row{429, R"({"error":{"code":"insufficient_quota","message":"pay"}})",
               Kind::Misconfigured},
           Row{429, R"({"error":{"type":"insufficient_quota","code":null}})", Kind::Misconfigured},
           Row{429, R"({"error":{"code":"billing_not_active"}})", Kind::Misconfigured},
           Row{429, R"({"error":{"type":"exceeded_current_quota_error"}})", Kind::Misconfigured},
           Row{429, R"({"error":{"message":"You exceeded your current quota, of 100 a minute"}})",
               Kind::Limited},
           Row{400, R"({"error":{"code":"billing_hard_limit_reached"}})", Kind::Misconfigured},
           Row{400, R"({"error":{"message":"Insufficient Balance"}})", Kind::Misconfigured},
           Row{408, "", Kind::Outage},
           Row{425, "", Kind::Outage},
           Row{500, "", Kind::Outage},
           Row{502, "<html>", Kind::Outage},
           Row{503, "", Kind::Outage},
           Row{529, "", Kind::Outage},
       }) {
    CAPTURE(row.status, row.body);
    const auto judged = judge_status_of(row.status, row.body);
    CHECK(to_string(judged.kind) == to_string(row.kind));
    CHECK(has(judged.message, "HTTP " + std::to_string(row.status)));
  }
}

TEST_CASE("how long a server asks to wait: seconds, a date, or nothing that can be read") {
  http::Headers headers;
  headers.set("Retry-After", "7");
  CHECK(judge_status_of(429, "", headers).wait == Duration(7s));
  CHECK(judge_status_of(503, "", headers).wait == Duration(7s));
  headers.set("Retry-After", "Thu, 01 Jan 1970 00:00:09 GMT");
  CHECK(judge_status_of(429, "", headers).wait == Duration(9s));
  headers.set("Retry-After", "Thursday, 01-Jan-70 00:00:09 GMT");
  CHECK(judge_status_of(429, "", headers).wait == Duration(9s));
  headers.set("Retry-After", "Thu Jan  1 00:00:09 1970");
  CHECK(judge_status_of(429, "", headers).wait == Duration(9s));
  // A server whose clock is ahead, or behind, counts from its own date.
  headers.set("Date", "Thu, 01 Jan 1970 01:00:00 GMT");
  headers.set("Retry-After", "Thu, 01 Jan 1970 01:00:05 GMT");
  CHECK(judge_status_of(429, "", headers).wait == Duration(5s));
  for (const char* const none :
       {"Thu, 01 Jan 1970 01:00:00 GMT", "Thu, 01 Jan 1970 00:59:00 GMT", "0"}) {
    CAPTURE(none);
    headers.set("Retry-After", none);
    CHECK_FALSE(judge_status_of(429, "", headers).wait);
  }
  headers.set("Retry-After", "tomorrow");
  CHECK_FALSE(judge_status_of(429, "", headers).wait);
  headers.set("Retry-After", "2");
  headers.set("Retry-After-Ms", "1500");
  CHECK(judge_status_of(429, "", headers).wait == Duration(1500ms));
}

TEST_CASE("a message has the server's request, and no secret or line break of the body") {
  http::Headers headers;
  headers.set("X-Request-Id", "req_123");
  const auto judged =
      judge_status_of(401, "{\"message\":\"Authorization: Bearer sk-verysecret\\nno\"}", headers);
  CHECK(has(judged.message, "req_123"));
  CHECK_FALSE(has(judged.message, "sk-verysecret"));
  CHECK_FALSE(has(judged.message, "\n"));
}

TEST_CASE("a request says what is needed, and no more") {
  config::Embedding config = three_dimensions();
  const std::vector<std::string_view> texts{"one", "t\xC3w\"o"};
  auto body = Json::parse(embeddings_request(config, texts));
  CHECK(body == Json{{"model", "a-model"},
                     {"input", {"one", "t\xEF\xBF\xBDw\"o"}},
                     {"encoding_format", "float"}});
  config.request_dimensions = true;
  config.encoding_format = "base64";
  body = Json::parse(embeddings_request(config, texts));
  CHECK(body["dimensions"] == 3);
  CHECK(body["encoding_format"] == "base64");
}
