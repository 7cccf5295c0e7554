// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/worker_request.hpp"

#include "common/metrics/exposition.hpp"
#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::collector;
using namespace std::chrono_literals;

namespace {

http::Response answer(const std::string& body, const http::Headers& headers, int status = 200) {
  http::Response response;
  response.status = status;
  response.headers = headers;
  response.body = body;
  return response;
}

http::Headers with(const std::string& name, const std::string& value) {
  http::Headers headers;
  headers.set(name, value);
  return headers;
}

}  // namespace

TEST_CASE("a worker is asked for the text format, uncompressed, with a deadline") {
  const http::Headers headers = request_headers(2s);
  CHECK(metrics::negotiate(*headers.find("Accept")) == metrics::Format::Text004);
  CHECK(headers.find("Accept")->find("application/openmetrics-text") != std::string::npos);
  CHECK(headers.find("Accept")->ends_with("*/*;q=0.1"));  // nobody has to answer 406
  CHECK(*headers.find("Accept-Encoding") == "identity");
  CHECK(*headers.find("X-Prometheus-Scrape-Timeout-Seconds") == "2");
  CHECK(*request_headers(1500ms).find("X-Prometheus-Scrape-Timeout-Seconds") == "1.5");
}

TEST_CASE("a last scrape keeps the query of the URL") {
  CHECK(final_url("unix:/run/w.sock:/metrics") == "unix:/run/w.sock:/metrics?final=1");
  CHECK(final_url("http://127.0.0.1:80/m?collect=x") == "http://127.0.0.1:80/m?collect=x&final=1");
}

TEST_CASE("every failed request has its reason") {
  const auto reason = [](Result<http::Response> got) {
    const auto text = exposition_of(std::move(got));
    REQUIRE_FALSE(text);
    return std::string(to_string(text.error()));
  };
  CHECK(reason(fail(ErrorKind::Unavailable, "connect")) == "unreachable");
  CHECK(reason(fail(ErrorKind::DeadlineExceeded, "late")) == "timeout");
  CHECK(reason(fail(ErrorKind::ResourceExhausted, "long")) == "oversized");
  CHECK(reason(fail(ErrorKind::DataLoss, "cut")) == "malformed");
  CHECK(reason(answer("a 1\n", {}, 500)) == "status");
  CHECK(reason(answer("a 1\n", with("Location", "/other"), 302)) == "status");
  CHECK(reason(answer("", {}, 204)) == "status");
  CHECK(reason(answer("\x1f\x8b", with("Content-Encoding", "gzip"))) == "encoded");
}

TEST_CASE(
    "the end of an answer is shown by HTTP, but not that of OpenMetrics or of a closed line") {
  using holdfast::supervisor::telemetry::Ending;
  struct Row {
    const char* framing;
    const char* type;
    Ending ending;
  };
  const std::vector<Row> table{
      {"Content-Length", "text/plain; version=0.0.4", Ending::ByFraming},
      {"Transfer-Encoding", "text/plain", Ending::ByFraming},
      {"Content-Length", nullptr, Ending::ByFraming},
      {"Content-Length", "Application/OpenMetrics-Text; version=1.0.0", Ending::ByMarker},
      {nullptr, "text/plain; version=0.0.4", Ending::ByMarker},
  };
  for (const Row& row : table) {
    http::Headers headers;
    if (row.framing != nullptr) headers.set(row.framing, "4");
    if (row.type != nullptr) headers.set("Content-Type", row.type);
    CHECK(ending_of(answer("a 1\n", headers)) == row.ending);
  }
  CHECK(ending_of(fail(ErrorKind::Unavailable, "connect")) == Ending::ByMarker);
}

TEST_CASE("a missing final line feed is added only if HTTP framing shows the answer is complete") {
  CHECK(exposition_of(answer("a 1", with("Content-Length", "3"))) == "a 1\n");
  CHECK(exposition_of(answer("a 1", with("Transfer-Encoding", "chunked"))) == "a 1\n");
  CHECK(exposition_of(answer("a 1", {})) == "a 1");  // until the connection closed, cut or not
  CHECK(exposition_of(answer("a 1\n", with("Content-Length", "4"))) == "a 1\n");
  CHECK(exposition_of(answer("", with("Content-Length", "0"))) == "\n");  // nothing to say
  CHECK(exposition_of(answer("", {})) == "");
  // As programs on Windows write it.
  CHECK(exposition_of(answer("\xef\xbb\xbf# TYPE a counter\r\na 1\r\n# EOF\r\n", {})) ==
        "# TYPE a counter\na 1\n# EOF\n");
  CHECK(exposition_of(answer("a 1\r\n", {})) == "a 1\n");
  CHECK(exposition_of(answer("a{b=\"\r\"} 1\n\r", {})) == "a{b=\"\r\"} 1\n\r");
  CHECK(exposition_of(answer("a 1\n", with("Content-Encoding", "identity"))) == "a 1\n");
}
