// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/request_id.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/api/support.hpp"

using namespace holdfast;
using namespace holdfast::api;

namespace {

// What the middleware makes of these X-Request-ID lines.
std::string id_for(const std::vector<std::string>& lines) {
  auto request = api::test::make_request("GET", "/");
  for (const std::string& line : lines)
    request->headers.add("x-request-id", line);
  Context context = api::test::make_context(request, "");
  RequestId middleware;
  CHECK_FALSE(middleware.on_request(context).has_value());
  http::Response response;
  middleware.on_response(context, response);
  CHECK(api::test::header_of(response, "X-Request-ID") == context.request_id);
  CHECK(response.headers.count("X-Request-ID") == 1);
  return context.request_id;
}

bool is_fresh_uuid(const std::string& id) {
  return id.size() == 36 && id[14] == '4' &&
         id.find_first_not_of("0123456789abcdef-") == std::string::npos;
}

std::optional<TraceContext> trace_for(const std::vector<std::string>& lines) {
  auto request = api::test::make_request("GET", "/");
  for (const std::string& line : lines)
    request->headers.add("traceparent", line);
  return read_trace(request->headers);
}

const std::string kTrace = "0af7651916cd43dd8448eb211c80319c";
const std::string kParent = "b7ad6b7169203331";
const std::string kValid = "00-" + kTrace + "-" + kParent + "-01";

}  // namespace

TEST_CASE("a well-formed request id is taken over as it is") {
  for (const std::string& id :
       {std::string("a"), std::string("Req-1_2.3"), std::string(128, 'x'), std::string("..--__")}) {
    CHECK(id_for({id}) == id);
  }
}

TEST_CASE("anything else is replaced by a fresh UUID, never trimmed") {
  const std::vector<std::vector<std::string>> bad{
      {},      {""},    {std::string(129, 'x')}, {"a b"}, {"a\tb"},         {"a\"b"},      {"a/b"},
      {"a:b"}, {"{a}"}, {"caf\xC3\xA9"},         {"a,b"}, {"same", "same"}, {"one", "two"}};
  for (const auto& lines : bad) {
    INFO(lines.size() << " lines: " << (lines.empty() ? "" : lines[0]));
    CHECK(is_fresh_uuid(id_for(lines)));
  }
  CHECK(id_for({}) != id_for({}));
}

TEST_CASE("a valid traceparent is read") {
  const auto trace = trace_for({kValid});
  REQUIRE(trace);
  CHECK(trace->trace_id == kTrace);
  CHECK(trace->parent_id == kParent);
  CHECK(trace->sampled);
  CHECK_FALSE(trace_for({"00-" + kTrace + "-" + kParent + "-00"})->sampled);
  // Flags are a mask: bit 1 (random) does not make it sampled, and does not hide bit 0.
  CHECK_FALSE(trace_for({"00-" + kTrace + "-" + kParent + "-02"})->sampled);
  CHECK(trace_for({"00-" + kTrace + "-" + kParent + "-0b"})->sampled);
  // A version from the future is read by the part that we know.
  CHECK(trace_for({"cc-" + kTrace + "-" + kParent + "-01"}).has_value());
  CHECK(trace_for({"cc-" + kTrace + "-" + kParent + "-01-more"}).has_value());
}

TEST_CASE("an invalid traceparent is as good as none") {
  const std::vector<std::vector<std::string>> bad{
      {},
      {""},
      {kValid, kValid},
      {kValid + "-more"},
      {kValid + "x"},
      {kValid.substr(0, 54)},
      {"ff-" + kTrace + "-" + kParent + "-01"},
      {"cc-" + kTrace + "-" + kParent + "-01more"},
      {"00-" + std::string(32, '0') + "-" + kParent + "-01"},
      {"00-" + kTrace + "-" + std::string(16, '0') + "-01"},
      {"00-0AF7651916CD43DD8448EB211C80319C-" + kParent + "-01"},
      {"00-" + kTrace + "-" + kParent + "-0X"},
      {"00_" + kTrace + "-" + kParent + "-01"},
  };
  for (const auto& lines : bad) {
    INFO((lines.empty() ? "(none)" : lines[0]));
    CHECK_FALSE(trace_for(lines).has_value());
  }
}

TEST_CASE("what is handed on keeps the trace and gets its own parent id") {
  const auto trace = parse_traceparent(kValid);
  REQUIRE(trace);
  const auto child = parse_traceparent(trace->child());
  REQUIRE(child);
  CHECK(child->trace_id == kTrace);
  CHECK(child->parent_id != kParent);
  CHECK(child->sampled);
  CHECK(parse_traceparent(TraceContext::start().child()).has_value());
}
