// SPDX-License-Identifier: Apache-2.0
#include "supervisor/state/crash_json.hpp"

#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

using namespace holdfast;
using namespace holdfast::supervisor;

TEST_CASE("an id is a time and a number, and nothing that could lead out of a directory is one") {
  const std::string id = make_crash_id(from_unix_ms(1'795'434'163'482), 0x4f1a);
  CHECK(id == "20261123T114243482Z-4f1a");
  CHECK(is_crash_id(id));
  for (const std::string& other : std::vector<std::string>{
           "", "latest", "../..", "../../etc/passwd", id + "x", id + "/", "/" + id, id.substr(1),
           "20261123T114243482Z-4F1A", "20261123T114243482Z-4f1\n", "20261123T114243482Z/4f1a",
           std::string(24, '.'), std::string(24, '\0')}) {
    INFO(other);
    CHECK_FALSE(is_crash_id(other));
  }
}

TEST_CASE("everybody may see which worker, when, why and the stack, and nothing that was written") {
  CrashReport report;
  report.id = "20261123T114243482Z-4f1a";
  report.program = "api";
  report.worker = "api.0";
  report.pid = 7;
  report.kind = "crashed";
  report.summary = "signal 11 (SIGSEGV) after 3s";
  report.exit = {.signaled = true, .value = 11, .core_dumped = true};
  report.error_type = "std::runtime_error";
  report.error_message = "secret-message";
  report.stack = {"f()+0x1 in api"};
  report.threads = {{"main 7", {"f()"}}};
  report.last_lines = {"secret-line"};
  report.in_flight = {{"request", "secret-id", "GET /x", {}}};
  report.request_ids = {"secret-other-id"};
  report.core_dump = "/secret/core";
  const auto whole = crash_json(report);
  CHECK(whole["exit"]["core_dumped"] == true);
  CHECK(whole["error"]["message"] == "secret-message");
  CHECK(whole["in_flight"][0]["id"] == "secret-id");
  const auto shown = public_crash_json(whole);
  CHECK(shown["id"] == report.id);
  CHECK(shown["stack"][0] == "f()+0x1 in api");
  CHECK(shown["error_type"] == "std::runtime_error");
  CHECK(shown["exit"]["signal"] == 11);
  CHECK(crash_text(shown).find("secret") == std::string::npos);
}

TEST_CASE("a file is a report only if it is one, and of its name") {
  CrashReport report;
  report.id = "20261123T114243482Z-4f1a";
  report.worker = "api.0";
  const std::string text = crash_text(crash_json(report));
  CHECK(parse_crash(text, report.id));
  CHECK_FALSE(parse_crash(text, "20261123T114243482Z-4f1b"));
  for (std::size_t size = 0; size < text.size(); ++size)
    REQUIRE_FALSE(parse_crash(text.substr(0, size), report.id));
  CHECK_FALSE(parse_crash("[]", report.id));
  CHECK_FALSE(parse_crash(R"({"id":5})", report.id));
}

TEST_CASE("what is no UTF-8 does not spoil the file") {
  CrashReport report;
  report.last_lines = {"\xff\xfe"};
  CHECK(nlohmann::json::parse(crash_text(crash_json(report)), nullptr, false).is_object());
}
