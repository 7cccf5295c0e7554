// SPDX-License-Identifier: Apache-2.0
// Verdicts on the answers of receivers.
#include "common/config/receiver_types.hpp"
#include "supervisor/alerts/receivers/http_answer.hpp"
#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor::alerts;
using namespace std::chrono_literals;
using VerdictKind = Verdict::Kind;

namespace {

const WallTime kAnsweredAt = from_unix_ms(784'111'777'000);  // Sun, 06 Nov 1994 08:49:37 GMT

http::Response response(int status, std::string body = "",
                        std::vector<std::pair<std::string, std::string>> headers = {}) {
  http::Response response;
  response.status = status;
  response.body = std::move(body);
  for (const auto& [name, value] : headers)
    response.headers.add(name, value);
  return response;
}

Answer answer(http::Response response) {
  return Result<http::Response>(std::move(response));
}

}  // namespace

TEST_CASE("what each status means") {
  const std::tuple<int, VerdictKind, const char*> table[] = {
      {200, VerdictKind::Delivered, ""},       {204, VerdictKind::Delivered, ""},
      {301, VerdictKind::Suspended, "client"}, {302, VerdictKind::Suspended, "client"},
      {308, VerdictKind::Suspended, "client"}, {400, VerdictKind::Rejected, "client"},
      {401, VerdictKind::Suspended, "auth"},   {403, VerdictKind::Suspended, "auth"},
      {404, VerdictKind::Suspended, "client"}, {407, VerdictKind::Suspended, "auth"},
      {408, VerdictKind::Retry, "server"},     {410, VerdictKind::Suspended, "client"},
      {413, VerdictKind::Rejected, "client"},  {422, VerdictKind::Rejected, "client"},
      {425, VerdictKind::Retry, "server"},     {429, VerdictKind::Limited, "rate_limited"},
      {500, VerdictKind::Retry, "server"},     {502, VerdictKind::Retry, "server"},
      {503, VerdictKind::Retry, "server"},
  };
  for (const auto& [status, kind, reason] : table) {
    INFO(status);
    const Verdict verdict = judge_http(answer(response(status)), kAnsweredAt);
    CHECK(verdict.kind == kind);
    CHECK(verdict.reason == reason);
  }
}

TEST_CASE("what each failure means") {
  const std::tuple<ErrorKind, VerdictKind, const char*> table[] = {
      {ErrorKind::Unavailable, VerdictKind::Retry, "network"},
      {ErrorKind::DataLoss, VerdictKind::Retry, "network"},
      {ErrorKind::DeadlineExceeded, VerdictKind::Retry, "timeout"},
      {ErrorKind::ResourceExhausted, VerdictKind::Retry, "server"},
      {ErrorKind::InvalidArgument, VerdictKind::Suspended, "client"},
      {ErrorKind::NotFound, VerdictKind::Suspended, "client"},
  };
  for (const auto& [error, kind, reason] : table) {
    const Verdict verdict = judge_http(Result<http::Response>(fail(error, "no")), kAnsweredAt);
    CHECK(verdict.kind == kind);
    CHECK(verdict.reason == reason);
  }
}

TEST_CASE("how long a 429 asks to wait, in each of its forms") {
  using Fields = std::vector<std::pair<std::string, std::string>>;
  const std::tuple<Fields, std::string, std::optional<Duration>> table[] = {
      {{}, "", std::nullopt},
      {{{"Retry-After", "30"}}, "", 30s},
      {{{"Retry-After", " 30 "}}, "", 30s},
      {{{"Retry-After", "0.5"}}, "", 500ms},
      {{{"Retry-After", "Sun, 06 Nov 1994 08:50:37 GMT"}}, "", 60s},
      {{{"Retry-After", "Sun, 06 Nov 1994 08:00:00 GMT"}}, "", std::nullopt},
      // The receiver's clock is an hour ahead, or two behind; it counts from its own date.
      {{{"Retry-After", "Sun, 06 Nov 1994 09:50:37 GMT"},
        {"Date", "Sun, 06 Nov 1994 09:49:37 GMT"}},
       "",
       60s},
      {{{"Retry-After", "Sun, 06 Nov 1994 06:49:39 GMT"},
        {"Date", "Sun, 06 Nov 1994 06:49:37 GMT"}},
       "",
       2s},
      {{{"Retry-After", "Sun, 06 Nov 1994 08:50:37 GMT"}, {"Date", "today"}}, "", 60s},
      {{{"Retry-After", "0"}}, "", std::nullopt},
      {{{"Retry-After", "0"}, {"X-RateLimit-Reset-After", "0"}},
       R"({"retry_after":0})",
       std::nullopt},
      {{{"Retry-After", "Sunday, 06-Nov-94 08:50:37 GMT"}}, "", 60s},
      {{{"Retry-After", "Fri, 31 Dec 9999 23:59:59 GMT"}}, "", 8760h},
      {{{"Retry-After", "Sun, 01 Jan 2300 00:00:00 GMT"}}, "", 8760h},
      {{{"Retry-After", "Sun, 06 Nov 1994 08:50:37 GMT"},
        {"Date", "Fri, 31 Dec 9999 23:59:59 GMT"}},
       "",
       std::nullopt},
      {{{"Retry-After", "-5"}}, "", std::nullopt},
      {{{"Retry-After", "nan"}}, "", std::nullopt},
      {{{"Retry-After", "soon"}}, "", std::nullopt},
      {{{"X-RateLimit-Reset-After", "1.25"}}, "", 1250ms},
      {{}, R"({"message":"limited","retry_after":64.57,"global":false})", 64570ms},
      {{}, R"({"retry_after":1,"error":"rate_limited"})", 1s},
      {{}, R"({"retry_after":"1"})", std::nullopt},
      {{}, R"([1])", std::nullopt},
      {{{"Retry-After", "2"}, {"X-RateLimit-Reset-After", "3.5"}}, R"({"retry_after":1})", 3500ms},
      {{{"Retry-After", "1e300"}}, "", 8760h},
  };
  for (const auto& [fields, body, wait] : table) {
    INFO((fields.empty() ? body : fields[0].second));
    CHECK(wait_of(response(429, body, fields), kAnsweredAt) == wait);
  }
}

TEST_CASE("an answer is quoted on one line, without secrets and control characters") {
  CHECK(describe(response(404, "no_team\n")) == "HTTP 404 Not Found: no_team");
  CHECK(describe(response(200)) == "HTTP 200 OK");
  const std::string text = describe(
      response(400, "a\x1b[2Jb https://hooks.slack.com/services/T/B/X\n" + std::string(9999, 'x')));
  CHECK(text.size() < 300);
  CHECK(text.find('\x1b') == std::string::npos);
  CHECK(text.find('\n') == std::string::npos);
  CHECK(text.find("services/T") == std::string::npos);
}

TEST_CASE("Slack has accepted a message only if it says ok") {
  CHECK(kSlack.judge(answer(response(200, "ok")), kAnsweredAt).kind == VerdictKind::Delivered);
  CHECK(kSlack.judge(answer(response(200, "<html>log in</html>")), kAnsweredAt).kind ==
        VerdictKind::Retry);
  CHECK(kSlack.judge(answer(response(400, "invalid_payload")), kAnsweredAt).kind ==
        VerdictKind::Rejected);
  CHECK(kSlack.judge(answer(response(403, "invalid_token")), kAnsweredAt).kind ==
        VerdictKind::Suspended);
  CHECK(kSlack.judge(answer(response(500, "rollup_error")), kAnsweredAt).kind ==
        VerdictKind::Retry);
}

TEST_CASE("a command has delivered if it exits with 0") {
  const auto judge = [](Result<CommandEnd> end) {
    return kCommand.judge(Answer(std::move(end)), kAnsweredAt);
  };
  CHECK(judge(CommandEnd{false, 0, ""}).kind == VerdictKind::Delivered);
  const Verdict failed = judge(CommandEnd{false, 3, "trying\nno route\n"});
  CHECK(failed.kind == VerdictKind::Retry);
  CHECK(failed.reason == "server");
  CHECK(failed.detail == "exit 3: no route");
  CHECK(judge(CommandEnd{true, 9, ""}).detail == "ended by SIGKILL");
  CHECK(judge(fail(ErrorKind::DeadlineExceeded, "late")).reason == "timeout");
  CHECK(judge(fail(ErrorKind::NotFound, "none")).reason == "client");
}

TEST_CASE("every type of the configuration is registered, and no other") {
  CHECK(receiver_kinds().size() == config::receiver_types().size());
  for (const config::ReceiverType& type : config::receiver_types()) {
    INFO(type.name);
    CHECK(find_receiver_kind(type.name) != nullptr);
  }
  CHECK(find_receiver_kind("pager") == nullptr);
}
