// SPDX-License-Identifier: Apache-2.0
#include "tests/support/hostile/requests.hpp"

namespace holdfast::test {

using namespace std::string_literals;

namespace {

const std::string kChunked = "Transfer-Encoding: chunked\r\n";

std::string chunks(const std::string& body) {
  return post_with(kChunked, body);
}

std::string get(const std::string& target) {
  return "GET " + target + " HTTP/1.1\r\nHost: h\r\n\r\n";
}

std::string host(const std::string& value) {
  return "GET / HTTP/1.1\r\nHost: " + value + "\r\n\r\n";
}

std::string repeated(const std::string& text, int times) {
  std::string out;
  for (int i = 0; i < times; ++i)
    out += text;
  return out;
}

HostileGroup lines() {
  return {
      "Lines and fields",
      {
          {"bare LF in the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n", 400},
          {"bare LF in the fields", "GET / HTTP/1.1\r\nHost: h\n\r\n", 400},
          {"bare LF as the empty line", "GET / HTTP/1.1\r\nHost: h\r\n\n", 400},
          {"bare LF throughout", "GET / HTTP/1.1\nHost: h\n\n", 400},
          {"bare CR in a field", post_with("A: b\rc\r\n"), 400},
          {"bare CR in the request line", "GET /\r HTTP/1.1\r\nHost: h\r\n\r\n", 400},
          {"CR CR LF", "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", 400},
          {"nine empty lines first", repeated("\r\n", 9) + get("/"), 400},
          {"empty lines without end", repeated("\r\n", 10'000), 400},
          {"obs-fold", post_with("A: b\r\n c\r\n"), 400},
          {"obs-fold by tab", post_with("A:\r\n\tc\r\n"), 400},
          {"a folded first field", "GET / HTTP/1.1\r\n Host: h\r\n\r\n", 400},
          {"space before the colon", post_with("A : b\r\n"), 400},
          {"space before the colon of a length", post_with("Content-Length : 3\r\n", "abc"), 400},
          {"no colon", post_with("A\r\n"), 400},
          {"empty field name", post_with(": b\r\n"), 400},
          {"field name with a parenthesis", post_with("A(b): c\r\n"), 400},
          {"field name that is not ASCII", post_with("\xC3\xA9: c\r\n"), 400},
          {"NUL in a field", post_with("A: b\0c\r\n"s), 400},
          {"NUL in a field name", post_with("A\0b: c\r\n"s), 400},
          {"NUL in the method", "GE\0T / HTTP/1.1\r\nHost: h\r\n\r\n"s, 400},
          {"NUL in the target", "GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"s, 400},
          {"control character in a field", post_with("A: \x01\r\n"), 400},
          {"vertical tab around a coding",
           post_with("Transfer-Encoding: \x0b"
                     "chunked\r\n"),
           400},
          {"DEL in a field", post_with("A: \x7f\r\n"), 400},
          {"malformed Connection", post_with("Connection: a b c\r\n"), 400},
          {"an expectation that is not 100-continue",
           post_with("Expect: 200-ok\r\nContent-Length: 1\r\n"), 417},
          {"another expectation on a second line",
           post_with("Expect: 100-continue\r\nExpect: 200-ok\r\nContent-Length: 1\r\n"), 417},
      }};
}

HostileGroup request_lines() {
  return {"Request line and target",
          {
              {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
              {"HTTP/1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n", 505},
              {"HTTP/0.9", "GET /\r\n", 400},
              {"no version number", "GET / HTTP\r\nHost: h\r\n\r\n", 400},
              {"version with two digits", "GET / HTTP/1.10\r\nHost: h\r\n\r\n", 400},
              {"another protocol", "GET / RTSP/1.0\r\n\r\n", 400},
              {"lower-case protocol", "GET / http/1.1\r\nHost: h\r\n\r\n", 400},
              {"TLS hello", "\x16\x03\x01\x02"s, 400},
              {"space in the target", "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n", 400},
              {"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
              {"tab for a space", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", 400},
              {"space at the end", "GET / HTTP/1.1 \r\nHost: h\r\n\r\n", 400},
              {"method that is no token", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n", 400},
              {"relative target", get("a"), 400},
              {"empty target", "GET  HTTP/1.1\r\nHost: h\r\n\r\n", 400},
              {"asterisk for GET", get("*"), 400},
              {"CONNECT", "CONNECT a:80 HTTP/1.1\r\nHost: h\r\n\r\n", 400},
              {"fragment", get("/a#b"), 400},
              {"dot segments", get("/a/../../etc/passwd"), 400},
              {"escaped dot segments", get("/%2e%2E/x"), 400},
              {"a dot segment at the end", get("/a/.."), 400},
              {"an escaped slash", get("/api%2Fdocuments"), 400},
              {"a backslash", get("/a\\..\\b"), 400},
              {"an escaped backslash", get("/a%5c..%5cb"), 400},
              {"escaped CR LF in the path", get("/a%0d%0aX-Evil:%201"), 400},
              {"an escaped control character in the path", get("/a%1b"), 400},
              {"escaped NUL in the path", get("/%00"), 400},
              {"escaped NUL in the query", get("/?q=%00"), 400},
              {"bad escape", get("/%g1"), 400},
              {"cut-off escape", get("/a%2"), 400},
              {"escape of UTF-16", get("/%u002e"), 400},
              {"path that is not UTF-8", get("/\xff"), 400},
              {"overlong UTF-8 dots", get("/%c0%ae%c0%ae/"), 400},
              {"half a surrogate in UTF-8", get("/?q=%ed%a0%80"), 400},
              {"authority with a user", get("http://a@b/"), 400},
              {"empty authority", get("http:///a"), 400},
              {"another scheme", get("ftp://h/a"), 400},
              {"target of 8 KiB and one byte", get("/" + std::string(8 << 10, 'a')), 414},
              {"target without an end", "GET /" + std::string(12'000, 'a'), 414},
          }};
}

HostileGroup hosts() {
  return {"Host",
          {
              {"missing Host", "GET / HTTP/1.1\r\n\r\n", 400},
              {"two Hosts", post_with("Host: h\r\n"), 400},
              {"Host with a path", host("a/b"), 400},
              {"Host with a user", host("a@b"), 400},
              {"Host list", host("a, b"), 400},
              {"Host with a space", host("a b"), 400},
              {"Host with an escape", host("a%2eb"), 400},
              {"Host that is not ASCII", host("caf\xC3\xA9"), 400},
              {"Host with a port beyond 65535", host("h:65536"), 400},
              {"Host with a port that is not a number", host("h:8x"), 400},
              {"Host with two ports", host("h:1:2"), 400},
              {"Host with half a bracket", host("[::1"), 400},
              {"Host with text after the bracket", host("[::1]x"), 400},
          }};
}

HostileGroup lengths() {
  return {
      "Where a body ends",
      {
          {"CL and TE", post_with("Content-Length: 3\r\n" + kChunked, "0\r\n\r\n"), 400},
          {"TE and CL", post_with(kChunked + "Content-Length: 3\r\n", "0\r\n\r\n"), 400},
          {"two CLs that differ", post_with("Content-Length: 3\r\nContent-Length: 4\r\n", "abcd"),
           400},
          {"two CLs that agree", post_with("Content-Length: 3\r\nContent-Length: 3\r\n", "abc"),
           400},
          {"a list of CLs", post_with("Content-Length: 3, 3\r\n", "abc"), 400},
          {"signed CL", post_with("Content-Length: +3\r\n", "abc"), 400},
          {"negative CL", post_with("Content-Length: -3\r\n"), 400},
          {"hexadecimal CL", post_with("Content-Length: 0x3\r\n", "abc"), 400},
          {"CL with a fraction", post_with("Content-Length: 3.0\r\n", "abc"), 400},
          {"CL with an exponent", post_with("Content-Length: 1e3\r\n"), 400},
          {"empty CL", post_with("Content-Length:\r\n"), 400},
          {"CL beyond 64 bits", post_with("Content-Length: 18446744073709551616\r\n"), 400},
          {"the largest CL", post_with("Content-Length: 18446744073709551615\r\n"), 413},
          {"unknown coding", post_with("Transfer-Encoding: gzip\r\n"), 501},
          {"unknown coding before chunked", post_with("Transfer-Encoding: gzip, chunked\r\n"), 501},
          {"identity", post_with("Transfer-Encoding: identity\r\n"), 501},
          {"empty coding", post_with("Transfer-Encoding:\r\n"), 501},
          {"almost chunked", post_with("Transfer-Encoding: xchunked\r\n"), 501},
          {"chunked in quotes", post_with("Transfer-Encoding: \"chunked\"\r\n"), 501},
          {"chunked with a parameter", post_with("Transfer-Encoding: chunked;q=1\r\n"), 501},
          {"chunked twice", post_with("Transfer-Encoding: chunked, chunked\r\n"), 400},
          {"two TE lines", post_with(kChunked + kChunked), 400},
          {"TE in HTTP/1.0", "POST / HTTP/1.0\r\n" + kChunked + "\r\n0\r\n\r\n", 400},
      }};
}

HostileGroup chunked_bodies() {
  return {"Chunks",
          {
              {"chunk size that is not a number", chunks("x\r\na\r\n0\r\n\r\n"), 400},
              {"negative chunk size", chunks("-1\r\na\r\n0\r\n\r\n"), 400},
              {"signed chunk size", chunks("+1\r\na\r\n0\r\n\r\n"), 400},
              {"chunk size with 0x", chunks("0x1\r\na\r\n0\r\n\r\n"), 400},
              {"space before the chunk size", chunks(" 1\r\na\r\n0\r\n\r\n"), 400},
              {"overflowing chunk size", chunks("fffffffffffffffff\r\na\r\n"), 400},
              {"chunk longer than its size", chunks("1\r\nab\r\n0\r\n\r\n"), 400},
              {"bare LF after a chunk size", chunks("1\na\r\n0\r\n\r\n"), 400},
              {"bare LF in a chunk extension", chunks("1;a\nb\r\na\r\n0\r\n\r\n"), 400},
              {"bare LF in a quoted extension", chunks("1;a=\"\n\"\r\na\r\n0\r\n\r\n"), 400},
              {"bare CR after a chunk size", chunks("1\ra\r\n0\r\n\r\n"), 400},
              {"bare LF after a chunk", chunks("1\r\na\n0\r\n\r\n"), 400},
              {"bare LF after the last chunk", chunks("0\n\r\n\r\n"), 400},
              {"bare LF in the trailers", chunks("0\r\nA: b\n\r\n\r\n"), 400},
              {"obs-fold in the trailers", chunks("0\r\nA: b\r\n c\r\n\r\n"), 400},
              {"NUL in a trailer", chunks("0\r\nA: \0\r\n\r\n"s), 400},
              {"CL in a trailer", chunks("0\r\nContent-Length: 5\r\n\r\n"), 400},
              {"101 trailers", chunks("0\r\n" + many_fields(101) + "\r\n"), 431},
              {"chunk extension of 17 KiB", chunks("1;a=" + std::string(17 << 10, 'a')), 431},
              {"body that is all extensions",
               chunks(repeated("1;a=" + std::string(4'000, 'a') + "\r\na\r\n", 16)), 413},
          }};
}

HostileGroup sizes() {
  return {"Sizes",
          {
              {"field of 17 KiB", post_with("A: " + std::string(17 << 10, 'a') + "\r\n"), 431},
              {"field without an end", "GET / HTTP/1.1\r\nA: " + std::string(17 << 10, 'a'), 431},
              {"101 fields", "GET / HTTP/1.1\r\nHost: h\r\n" + many_fields(100) + "\r\n", 431},
              {"100,000 fields", "GET / HTTP/1.1\r\nHost: h\r\n" + many_fields(100'000), 431},
              {"large body by CL", post_with("Content-Length: 2000000\r\n"), 413},
              {"large body by CL, asked for first",
               post_with("Content-Length: 2000000\r\nExpect: 100-continue\r\n"), 413},
              {"large chunk", chunks("1e8480\r\n"), 413},
              {"many chunks", chunks(repeated("10000\r\n" + std::string(65'536, 'a') + "\r\n", 17)),
               413},
          }};
}

}  // namespace

std::string post_with(const std::string& fields, const std::string& body) {
  // A route that takes a body: elsewhere the head alone would decide.
  return "POST /api/search HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n" + fields +
         "\r\n" + body;
}

std::string many_fields(int count) {
  std::string fields;
  for (int i = 0; i < count; ++i)
    fields += "A" + std::to_string(i) + ": 1\r\n";
  return fields;
}

std::vector<HostileGroup> hostile_requests() {
  return {lines(), request_lines(), hosts(), lengths(), chunked_bodies(), sizes()};
}

}  // namespace holdfast::test
