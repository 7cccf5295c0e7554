// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/api/hostile_inputs.hpp"

namespace holdfast::api::test {

using holdfast::test::HostileGroup;
using namespace std::string_literals;

namespace {

std::string request(const std::string& method, const std::string& target,
                    const std::string& fields = "", const std::string& body = "") {
  const std::string length =
      method == "GET" ? "" : "Content-Length: " + std::to_string(body.size()) + "\r\n";
  return method + " " + target + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n" + fields + length +
         "\r\n" + body;
}

std::string get(const std::string& target, const std::string& fields = "") {
  return request("GET", target, fields);
}

std::string json(const std::string& body, const std::string& target = "/api/documents") {
  return request("POST", target, "Content-Type: application/json\r\n", body);
}

std::string text(const std::string& body) {
  return request("POST", "/api/documents", "Content-Type: text/plain\r\n", body);
}

std::string metadata(const std::string& value) {
  return json(R"({"content":"c","metadata":{"a":)" + value + "}}");
}

std::string search(const std::string& body) {
  return json(body, "/api/search");
}

std::string repeated(const std::string& piece, int times) {
  std::string out;
  for (int i = 0; i < times; ++i)
    out += piece;
  return out;
}

HostileGroup bodies() {
  const std::string levels(10'000, '[');
  return {"JSON and text",
          {
              {"JSON of 10,000 levels", metadata(levels + std::string(10'000, ']')), 400},
              {"10,000 opening brackets", json(levels), 400},
              {"JSON of 10,000 objects in one another", json(repeated("{\"a\":", 10'000)), 400},
              {"10,000 brackets in a string", json(R"({"content":")" + levels + "\"}"), 202},
              {"JSON of a million values", metadata("[" + repeated("0,", 1'000'000) + "0]"), 413},
              {"JSON cut short", json(R"({"content":"c)"), 400},
              {"two JSON values", json(R"({"content":"c"}{})"), 400},
              {"no body", json(""), 400},
              {"invalid UTF-8 in JSON", json("{\"content\":\"\xC3(\"}"), 400},
              {"overlong UTF-8 in JSON", json("{\"content\":\"\xC0\x80\"}"), 400},
              {"a surrogate in UTF-8 in JSON", json("{\"content\":\"\xED\xA0\x80\"}"), 400},
              {"half a surrogate pair as an escape", json(R"({"content":"\ud800"})"), 400},
              {"NUL in JSON", json("{\"content\":\"a\0\"}"s), 400},
              {"NUL behind JSON", json("{\"content\":\"a\"}\0more"s), 400},
              {"NUL behind a search", search("{\"q\":\"a\"}\0"s), 400},
              {"NUL as an escape", json(R"({"content":"\u0000"})"), 422},
              {"line end in a JSON string", json("{\"content\":\"a\r\nb\"}"), 400},
              {"CR LF as escapes", json(R"({"title":"a\r\nX-Evil: 1","content":"c"})"), 202},
              {"a name twice", json(R"({"content":"c","content":"d"})"), 422},
              {"UTF-16", json("\xFF\xFE{\0}\0"s), 400},
              {"text that is not UTF-8", text("caf\xE9"), 400},
              {"text with NUL", text("a\0b"s), 422},
              {"a compressed body that is none",
               request("POST", "/api/documents",
                       "Content-Type: text/plain\r\nContent-Encoding: gzip\r\n", "x"),
               400},
              {"a body compressed twice",
               request("POST", "/api/documents",
                       "Content-Type: text/plain\r\nContent-Encoding: gzip, gzip\r\n", "x"),
               415},
              {"two content types",
               request("POST", "/api/documents",
                       "Content-Type: text/plain\r\nContent-Type: application/json\r\n", "x"),
               415},
              {"no length", "POST /api/documents HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n",
               411},
              {"body beyond 1 MiB", search(std::string((1 << 20) + 1, ' ')), 413},
              {"document beyond 10 MiB", text(std::string((10 << 20) + 1, 'a')), 413},
          }};
}

HostileGroup numbers() {
  return {"Numbers",
          {
              {"1e400", metadata("1e400"), 400},
              {"-1e400", metadata("-1e400"), 400},
              {"an integer of 1,000 digits", metadata(std::string(1'000, '9')), 400},
              {"1e-400, which is zero to a double", metadata("1e-400"), 202},
              {"the largest integer of 64 bits", metadata("18446744073709551615"), 202},
              {"an integer beyond 64 bits", metadata("18446744073709551616"), 422},
              {"an integer below 64 bits", metadata("-9223372036854775809"), 422},
              {"an integer beyond 64 bits in a search",
               search(R"({"q":"a","metadata":{"id":12345678901234567890123}})"), 422},
              {"a number beyond 64 bits with an exponent", metadata("1e30"), 202},
              {"NaN", metadata("NaN"), 400},
              {"Infinity", metadata("-Infinity"), 400},
              {"hexadecimal", metadata("0x10"), 400},
              {"leading zero", metadata("01"), 400},
              {"leading plus", metadata("+1"), 400},
              {"no digit before the point", metadata(".5"), 400},
              {"no digit after the point", metadata("5."), 400},
              {"limit=0", get("/api/documents?limit=0"), 422},
              {"limit=-1", get("/api/documents?limit=-1"), 422},
              {"limit=+1", get("/api/documents?limit=%2B1"), 422},
              {"limit=1e2", get("/api/documents?limit=1e2"), 422},
              {"limit= (empty)", get("/api/documents?limit="), 422},
              {"limit twice", get("/api/documents?limit=1&limit=2"), 422},
              {"limit beyond 64 bits", get("/api/documents?limit=99999999999999999999"), 422},
              {"k=51", get("/api/search?q=a&k=51"), 422},
              {"k of 1e99", search(R"({"q":"a","k":1e99})"), 422},
              {"k of 1.5", search(R"({"q":"a","k":1.5})"), 422},
              {"k of -1", search(R"({"q":"a","k":-1})"), 422},
              {"job id beyond 64 bits", get("/api/jobs/99999999999999999999"), 404},
              {"job id of -1", get("/api/jobs/-1"), 404},
          }};
}

std::string part(const std::string& range_fields) {
  return request("POST", "/api/documents", "Content-Type: text/plain\r\n" + range_fields, "part");
}

HostileGroup targets() {
  return {
      "Targets and fields",
      {
          {"unknown method", request("BREW", "/api/documents"), 405},
          {"method of 4,000 characters", request(std::string(4'000, 'A'), "/health"), 405},
          {"TRACE", request("TRACE", "/health"), 405},
          {"double slash", get("//api//documents"), 404},
          {"slash at the end", get("/api/documents/"), 404},
          {"dots that are escaped twice", get("/%252e%252e/etc/passwd"), 404},
          {"upper-case path", get("/API/DOCUMENTS"), 404},
          {"SQL in an id", get("/api/documents/'%20OR%201=1--"), 404},
          {"SQL in a search", get("/api/search?q=%22)%20OR%20content%20MATCH%20(%22"), 200},
          {"CR LF in a search", get("/api/search?q=a%0d%0aX-Evil:%201"), 200},
          {"2,001 characters of search", get("/api/search?q=" + std::string(2'001, 'a')), 422},
          {"4,000 query parameters", get("/health?" + repeated("a&", 4'000)), 200},
          {"internal path through a proxy", get("/internal/stats", "Via: 1.1 p\r\n"), 403},
          {"request id with a script in it, replaced", get("/health", "X-Request-ID: <script>\r\n"),
           200},
          {"a part of a body", part("Content-Range: bytes 10-13/26\r\n"), 400},
          {"the whole body as a part", part("Content-Range: bytes 0-3/4\r\n"), 400},
          {"a part in an unknown unit", part("Content-Range: lines 1-2/3\r\n"), 400},
          {"empty Content-Range", part("Content-Range:\r\n"), 400},
          {"two Content-Ranges", part("Content-Range: bytes 0-3/4\r\nContent-Range: x\r\n"), 400},
          {"Content-Range without a body", get("/health", "Content-Range: bytes 0-3/4\r\n"), 200},
          {"two request ids, replaced", get("/health", "X-Request-ID: a\r\nX-Request-ID: b\r\n"),
           200},
          {"rubbish in traceparent, ignored", get("/health", "traceparent: \xFF-\xFF\r\n"), 200},
          {"rubbish in X-Forwarded-For, ignored",
           get("/health", "X-Forwarded-For: " + repeated("1.1.1.1,", 1'000) + "\r\n"), 200},
      }};
}

}  // namespace

std::vector<HostileGroup> hostile_inputs() {
  return {bodies(), numbers(), targets()};
}

}  // namespace holdfast::api::test
