// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/error_mapper.hpp"

#include "tests/unit/api/support.hpp"
#include "tests/unit/log/support.hpp"

#include <sstream>

using namespace holdfast;
using namespace holdfast::api;

namespace {

std::vector<nlohmann::json> lines_in(const std::string& text) {
  std::vector<nlohmann::json> lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);)
    lines.push_back(nlohmann::json::parse(line));
  return lines;
}

}  // namespace

TEST_CASE("an outage is logged once and counted, not once for each request that it fails") {
  log::Recorder recorder;
  holdfast::test::ManualClock clock;
  ErrorMapper errors(recorder.log(), clock);
  const Error gone{ErrorKind::Unavailable, "database 'd': relation \"holdfast.document\" is gone"};
  const auto fail_with = [&](const Error& error, const std::string& id) {
    return errors
        .map(api::test::make_context(api::test::make_request("GET", "/api/documents"), id), error)
        .status;
  };
  for (int i = 0; i < 1000; ++i)
    REQUIRE(fail_with(gone, "r-" + std::to_string(i)) == 503);
  auto lines = lines_in(recorder.text());
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["request_id"] == "r-0");
  CHECK(lines[0]["level"] == "warn");
  CHECK(lines[0]["err"]["message"] == gone.message);

  // Another cause is another line, and a defect is always one.
  CHECK(fail_with({ErrorKind::Unavailable, "another"}, "a") == 503);
  CHECK(fail_with({ErrorKind::DataLoss, gone.message}, "b") == 503);
  CHECK(fail_with({ErrorKind::Internal, "defect"}, "c") == 500);
  CHECK(fail_with({ErrorKind::Internal, "defect"}, "d") == 500);
  CHECK(lines_in(recorder.text()).size() == 4);

  clock.advance(std::chrono::minutes(1));
  CHECK(fail_with(gone, "later") == 503);
  lines = lines_in(recorder.text());
  REQUIRE(lines.size() == 1);
  CHECK(lines[0]["request_id"] == "later");
  CHECK(lines[0]["more_of_this_cause"] == 999);
}

TEST_CASE("causes that differ each time are all logged, and take no memory") {
  log::Recorder recorder;
  holdfast::test::ManualClock clock;
  ErrorMapper errors(recorder.log(), clock);
  const Context context = api::test::make_context(api::test::make_request("GET", "/"));
  std::size_t logged = 0;
  for (int i = 0; i < 1000; ++i) {
    (void)errors.map(context, {ErrorKind::Unavailable, "cause " + std::to_string(i)});
    clock.advance(std::chrono::milliseconds(1));
    logged += lines_in(recorder.text()).size();
  }
  CHECK(logged == 1000);
}
