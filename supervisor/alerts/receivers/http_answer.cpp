// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/receivers/http_answer.hpp"

#include "common/http/retry_after.hpp"
#include "common/log/redact.hpp"
#include "common/text/ascii.hpp"
#include "common/text/parse_json.hpp"
#include "common/text/terminal.hpp"
#include "common/text/utf8.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

namespace holdfast::supervisor::alerts {

namespace {

constexpr std::size_t kMostOfBody = 200;

std::optional<Duration> wait_of_body(const std::string& body) {
  const auto json = text::parse_json(body);
  if (!json.is_object() || !json.contains("retry_after")) return std::nullopt;
  const auto& wait = json["retry_after"];
  return wait.is_number() ? http::seconds_to_wait(wait.get<double>()) : std::nullopt;
}

Verdict judge_error(const Error& error) {
  const std::string detail = log::redact_text(error.message);
  switch (error.kind) {
    case ErrorKind::DeadlineExceeded: return {Verdict::Kind::Retry, "timeout", detail, {}};
    // Its URL, or the file that has it, cannot be used: the network has nothing to do with it.
    case ErrorKind::InvalidArgument:
    case ErrorKind::NotFound:
    case ErrorKind::PermissionDenied: return {Verdict::Kind::Suspended, "client", detail, {}};
    case ErrorKind::ResourceExhausted: return {Verdict::Kind::Retry, "server", detail, {}};
    default: return {Verdict::Kind::Retry, "network", detail, {}};
  }
}

}  // namespace

std::optional<Duration> wait_of(const http::Response& response, WallTime now) {
  std::optional<Duration> longest;
  for (const std::optional<Duration>& wait :
       {http::retry_after(response.headers, now), wait_of_body(response.body),
        http::seconds_to_wait(response.headers.find("X-RateLimit-Reset-After"))}) {
    if (wait && *wait > Duration::zero() && (!longest || *wait > *longest)) longest = wait;
  }
  return longest;
}

std::string describe(const http::Response& response) {
  std::string text =
      fmt::format("HTTP {} {}", response.status, http::reason_phrase(response.status));
  while (text.ends_with(' '))
    text.pop_back();
  const std::string_view body =
      text::truncate_utf8(text::trim(response.body, text::kWhitespace), kMostOfBody);
  if (!body.empty()) text += ": " + text::for_terminal_line(log::redact_text(body));
  return text;
}

Verdict judge_http(const Answer& answer, WallTime now) {
  const auto* const result = std::get_if<Result<http::Response>>(&answer);
  if (result == nullptr) return {Verdict::Kind::Retry, "client", "no HTTP answer", {}};
  if (!*result) return judge_error(result->error());
  const http::Response& response = **result;
  const std::string detail = describe(response);
  const int status = response.status;
  if (status >= 200 && status < 300) return {Verdict::Kind::Delivered, {}, detail, {}};
  if (status == 429)
    return {Verdict::Kind::Limited, "rate_limited", detail, wait_of(response, now)};
  if (status == 408 || status == 425 || status >= 500)
    return {Verdict::Kind::Retry, "server", detail, {}};
  if (status == 401 || status == 403 || status == 407)
    return {Verdict::Kind::Suspended, "auth", detail, {}};
  if (status == 404 || status == 410) return {Verdict::Kind::Suspended, "client", detail, {}};
  if (status >= 300 && status < 400) {
    return {Verdict::Kind::Suspended,
            "client",
            fmt::format("HTTP {}: it redirects, and redirects are not followed", status),
            {}};
  }
  return {Verdict::Kind::Rejected, "client", detail, {}};
}

}  // namespace holdfast::supervisor::alerts
