// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/trace_context.hpp"

#include "common/base/id.hpp"
#include "common/text/hex.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::api {

namespace {

bool is_zero(std::string_view text) {
  return text.find_first_not_of('0') == std::string_view::npos;
}

template <std::size_t N>
std::string random_hex() {
  std::array<unsigned char, N> bytes;
  fill_random(bytes);
  bytes[0] |= 1;  // never all zero, which would be invalid
  return text::to_hex({reinterpret_cast<const char*>(bytes.data()), bytes.size()});
}

}  // namespace

std::optional<TraceContext> parse_traceparent(std::string_view value) {
  constexpr std::size_t kLength = 55;  // 2 + 1 + 32 + 1 + 16 + 1 + 2
  if (value.size() < kLength) return {};
  const std::string_view version = value.substr(0, 2);
  const std::string_view trace = value.substr(3, 32);
  const std::string_view parent = value.substr(36, 16);
  const std::string_view flags = value.substr(53, 2);
  if (value[2] != '-' || value[35] != '-' || value[52] != '-') return {};
  for (const std::string_view part : {version, trace, parent, flags}) {
    if (!text::is_lower_hex(part)) return {};
  }
  if (version == "ff" || is_zero(trace) || is_zero(parent)) return {};
  if (value.size() > kLength && (version == "00" || value[kLength] != '-')) return {};
  const bool sampled = (text::hex_value(flags[1]) & 1) != 0;
  return TraceContext{std::string(trace), std::string(parent), sampled};
}

std::optional<TraceContext> read_trace(const http::Headers& headers) {
  const std::string* value = headers.find("traceparent");
  if (value == nullptr || headers.count("traceparent") != 1) return {};
  return parse_traceparent(*value);
}

TraceContext TraceContext::start() {
  return {random_hex<16>(), random_hex<8>(), false};
}

std::string TraceContext::child() const {
  return fmt::format("00-{}-{}-{}", trace_id, random_hex<8>(), sampled ? "01" : "00");
}

}  // namespace holdfast::api
