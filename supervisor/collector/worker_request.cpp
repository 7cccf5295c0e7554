// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/worker_request.hpp"

#include "common/http/content_coding.hpp"
#include "common/protocol/names.hpp"

namespace holdfast::supervisor::collector {
namespace {

FetchFailure failure_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::DeadlineExceeded: return FetchFailure::Timeout;
    case ErrorKind::ResourceExhausted: return FetchFailure::Oversized;
    case ErrorKind::DataLoss: return FetchFailure::Malformed;
    default: return FetchFailure::Unreachable;
  }
}

bool is_encoded(const http::Headers& headers) {
  return http::body_coding(headers) != http::BodyCoding::Identity;
}

bool is_framed(const http::Headers& headers) {
  return headers.find("Content-Length") != nullptr || headers.find("Transfer-Encoding") != nullptr;
}

}  // namespace

http::Headers request_headers(Duration within) {
  http::Headers headers;
  headers.set(
      "Accept",
      "text/plain;version=0.0.4,application/openmetrics-text;version=1.0.0;q=0.5,*/*;q=0.1");
  headers.set("Accept-Encoding", "identity");
  headers.set("X-Prometheus-Scrape-Timeout-Seconds",
              fmt::format("{}", std::chrono::duration<double>(within).count()));
  return headers;
}

std::string final_url(std::string url) {
  const char separator = url.find('?') == std::string::npos ? '?' : '&';
  return fmt::format("{}{}{}=1", url, separator, protocol::kFinalQuery);
}

std::string_view to_string(FetchFailure failure) {
  switch (failure) {
    case FetchFailure::Unreachable: return "unreachable";
    case FetchFailure::Timeout: return "timeout";
    case FetchFailure::Status: return "status";
    case FetchFailure::Oversized: return "oversized";
    case FetchFailure::Encoded: return "encoded";
    case FetchFailure::Malformed: break;
  }
  return "malformed";
}

telemetry::Ending ending_of(const Result<http::Response>& answer) {
  if (!answer || !is_framed(answer->headers)) return telemetry::Ending::ByMarker;
  const std::string* type = answer->headers.find("Content-Type");
  const bool open_metrics =
      type != nullptr && text::to_lower(*type).starts_with("application/openmetrics-text");
  return open_metrics ? telemetry::Ending::ByMarker : telemetry::Ending::ByFraming;
}

namespace {

// As programs on Windows write it: with a byte order mark, and CR LF at the end of each line. The
// first line tells which.
void make_plain(std::string& text) {
  constexpr std::string_view kMark = "\xef\xbb\xbf";
  if (text.starts_with(kMark)) text.erase(0, kMark.size());
  const auto feed = text.find('\n');
  if (feed == std::string::npos || feed == 0 || text[feed - 1] != '\r') return;
  std::size_t kept = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\r' && i + 1 < text.size() && text[i + 1] == '\n') continue;
    text[kept++] = text[i];
  }
  text.resize(kept);
}

}  // namespace

tl::expected<std::string, FetchFailure> exposition_of(Result<http::Response> answer) {
  if (!answer) return tl::unexpected(failure_of(answer.error().kind));
  if (answer->status != 200) return tl::unexpected(FetchFailure::Status);
  if (is_encoded(answer->headers)) return tl::unexpected(FetchFailure::Encoded);
  std::string text = std::move(answer->body);
  // An exporter that has nothing to say yet is there.
  if (is_framed(answer->headers) && (text.empty() || text.back() != '\n')) text += '\n';
  make_plain(text);
  return text;
}

}  // namespace holdfast::supervisor::collector
