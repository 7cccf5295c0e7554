// SPDX-License-Identifier: Apache-2.0
#include "api-worker/middleware/access_log.hpp"

#include "common/text/utf8.hpp"

#include <array>
#include <cmath>

namespace holdfast::api {

namespace {

constexpr std::size_t kMaxUserAgent = 256;

}  // namespace

void AccessLog::on_response(Context& context, http::Response& response) {
  if (!log_.enabled(log::Level::Info)) return;
  const http::Request& request = *context.request;
  const std::chrono::duration<double, std::micro> taken = clock_.mono() - context.started;
  std::array<log::Field, 15> fields{{
      {"request_id", context.request_id},
      {"method", request.method},
      {"path", request.path},
      {"route", context.route},
      {"status", response.status},
      {"duration_ms", std::round(taken.count()) / 1000},
      {"bytes", response.body.size()},
      {"client", context.client.address},
      {"peer", request.peer.unix_socket ? std::string_view("unix") : request.peer.address},
      {"", ""},
      {"", ""},
      {"", ""},
      {"", ""},
      {"", ""},
      {"", ""},
  }};
  std::size_t count = 9;
  if (context.trace) fields[count++] = {"trace_id", context.trace->trace_id};
  if (context.api_key) fields[count++] = {"api_key_id", context.api_key->id};
  if (!context.key_refusal.reason.empty()) {
    fields[count++] = {"api_key_refused", context.key_refusal.reason};
    if (!context.key_refusal.id.empty()) {
      fields[count++] = {"api_key_id", context.key_refusal.id};
    }
  }
  if (const std::string* agent = request.headers.find("User-Agent")) {
    fields[count++] = {"user_agent", text::truncate_utf8(*agent, kMaxUserAgent)};
  }
  if (!context.refusal.empty()) fields[count++] = {"reason", context.refusal};
  log_.log(log::Level::Info, context.refusal.empty() ? "request completed" : "request refused",
           std::span(fields.data(), count));
}

}  // namespace holdfast::api
