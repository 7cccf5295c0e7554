// SPDX-License-Identifier: Apache-2.0
// The API worker as the internet meets it: a real socket, the real service with its default limits,
// every hostile request and input that docs/http-limits.md lists.
#include "common/config/config.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/hostile/page.hpp"
#include "tests/unit/api/api_service.hpp"
#include "tests/unit/api/hostile_inputs.hpp"
#include "tests/unit/http/harness.hpp"

#include <fmt/format.h>

#include <sstream>

using namespace holdfast;
using holdfast::api::test::ApiService;
using holdfast::api::test::hostile_inputs;
using holdfast::http::testing::RawAnswer;
using holdfast::http::testing::RawClient;
using holdfast::test::hostile_requests;
using holdfast::test::HostileGroup;
using holdfast::test::page_section;
using holdfast::test::page_table;

namespace {

// What every answer has, to whatever was asked.
void check_answer(const RawAnswer& answer, int status) {
  CHECK(answer.status == status);
  CHECK_FALSE(answer.field("X-Request-ID").empty());
  CHECK(answer.field("X-Frame-Options") == "DENY");
  CHECK(answer.field("X-Content-Type-Options") == "nosniff");
  CHECK(answer.field("X-Evil").empty());
  CHECK(answer.field("Connection") == "close");
  if (status < 400) return;
  CHECK(answer.field("Content-Type") == "application/problem+json");
  const auto problem = nlohmann::json::parse(answer.body);
  CHECK(problem["status"] == status);
  CHECK(problem["request_id"] == answer.field("X-Request-ID"));
  CHECK_FALSE(problem["detail"].get<std::string>().empty());
}

void run(const ApiService& stack, const std::vector<HostileGroup>& groups) {
  for (const HostileGroup& group : groups) {
    for (const auto& [name, bytes, status] : group.requests) {
      INFO(group.title << ": " << name);
      RawClient client(stack.port());
      client.send(bytes);
      check_answer(client.read_answer(), status);
      client.finish_sending();
      CHECK(client.read_rest().empty());
    }
  }
}

std::string mebibytes(std::uint64_t bytes) {
  return bytes % (1 << 20) == 0 ? fmt::format("{} MiB", bytes >> 20)
                                : fmt::format("{} KiB", bytes >> 10);
}

std::string seconds(Duration duration) {
  return fmt::format("{} s", std::chrono::duration_cast<std::chrono::seconds>(duration).count());
}

}  // namespace

TEST_CASE("hostile requests and inputs get their status, as a problem, and the next is served") {
  ApiService stack;
  run(stack, hostile_requests());
  run(stack, hostile_inputs());
  CHECK(stack.get("/health").status == 200);
  // Nothing that clients sent makes more than one line, or a line that is no JSON (this parses it).
  std::size_t rows = 1;
  for (const auto& groups : {hostile_requests(), hostile_inputs()}) {
    for (const auto& group : groups)
      rows += group.requests.size();
  }
  std::size_t lines = 0;
  for (const auto& line : stack.stop_and_read_log()) {
    if (line["msg"] == "request completed" || line["msg"] == "request refused") ++lines;
    CHECK(line["level"] != "error");
  }
  CHECK(lines == rows);
}

TEST_CASE("docs/http-limits.md shows exactly what the tests send and what they get") {
  for (const auto& groups : {hostile_requests(), hostile_inputs()}) {
    for (const HostileGroup& group : groups) {
      INFO(group.title << "; the table that belongs there:\n" << page_table(group));
      CHECK(page_section(group.title) == page_table(group));
    }
  }
}

TEST_CASE("docs/http-limits.md names every limit with its default") {
  const config::Http http;
  const http::ServerLimits limits;
  const std::string table = page_section("Time, size and number");
  for (const std::string& row : {
           fmt::format("| `http.header_timeout` | {} |", seconds(http.header_timeout)),
           fmt::format("| `http.body_timeout` | {} + 1 s per 64 KiB |", seconds(http.body_timeout)),
           fmt::format("| `http.idle_timeout` | {} |", seconds(http.idle_timeout)),
           fmt::format("| `http.handler_timeout` | {} |", seconds(http.handler_timeout)),
           fmt::format("| (fixed) | {} + 1 s per 64 KiB |", seconds(limits.write_timeout)),
           fmt::format("| `http.max_connections` | {} |", http.max_connections),
           fmt::format("| `http.max_connections_per_client` | {} |",
                       http.max_connections_per_client),
           fmt::format("| `http.max_header_bytes` | {} |", mebibytes(http.max_header_bytes)),
           fmt::format("| `http.max_body_bytes` | {} |", mebibytes(http.max_body_bytes)),
           fmt::format("| `http.max_document_bytes` | {} |", mebibytes(http.max_document_bytes)),
           fmt::format("| `http.body_memory` | {} |", mebibytes(http.body_memory)),
       }) {
    INFO(row << "\nis missing in:\n" << table);
    CHECK(table.find(row) != std::string::npos);
  }
}
