// SPDX-License-Identifier: Apache-2.0
// The fields of [http], [store] and [queue], which the workers read.
#include "common/config/schema.hpp"
#include "common/log/redact.hpp"
#include "common/net/ip_address.hpp"
#include "common/net/postgres_url.hpp"

namespace holdfast::config {

using enum ReloadEffect;

namespace {

Result<std::string> check_store_url(const std::string& text) {
  const auto has_more_than = [&](std::string_view prefix) {
    return text.size() > prefix.size() && text.starts_with(prefix);
  };
  const bool fine = text.empty() || has_more_than("sqlite:///") || has_more_than("postgresql://") ||
                    has_more_than("postgres://");
  if (fine && text.starts_with("postgres")) {
    HOLDFAST_TRY(net::check_postgres_url(text));
  }
  if (fine) return text;
  // What is malformed may still contain a valid password. What is no URL at all may be one.
  const auto shown = [](const std::string& url) {
    const bool is_url = url.find("://") != std::string::npos;
    return is_url ? log::redact_text(url) : std::string(log::kRedacted);
  };
  return fail(ErrorKind::InvalidArgument,
              fmt::format("'{}' is not a store's URL: write \"sqlite:///path/of.db\" or "
                          "\"postgresql://user@host/database\"",
                          shown(text)));
}

Result<std::string> canonical_network(const std::string& text) {
  HOLDFAST_TRY_ASSIGN(const net::Network network, net::Network::parse(text));
  return network.to_string();
}

}  // namespace

Fields fields_of(Http& http) {
  constexpr std::uint64_t kMaxBody = 1u << 30;
  return {
      bytes_field("max_header_bytes", Roll, http.max_header_bytes, 1u << 10, 1u << 20),
      bytes_field("max_body_bytes", Roll, http.max_body_bytes, 1, kMaxBody),
      bytes_field("max_document_bytes", Roll, http.max_document_bytes, 1, kMaxBody),
      bytes_field("body_memory", Roll, http.body_memory, 1u << 20, std::uint64_t{1} << 40),
      duration_field("header_timeout", Roll, http.header_timeout, 100ms, 1h),
      duration_field("body_timeout", Roll, http.body_timeout, 100ms, 1h),
      duration_field("idle_timeout", Roll, http.idle_timeout, 100ms, 24h),
      duration_field("handler_timeout", Roll, http.handler_timeout, 100ms, 1h),
      count_field("max_connections", Roll, http.max_connections, 1, 1'000'000),
      count_field("max_connections_per_client", Roll, http.max_connections_per_client, 1,
                  1'000'000),
      texts_field("trusted_proxies", Roll, http.trusted_proxies, canonical_network),
      choice_field<ForwardedField>("forwarded_field", Roll, http.forwarded_field,
                                   {{"X-Forwarded-For", ForwardedField::XForwardedFor},
                                    {"Forwarded", ForwardedField::Forwarded}}),
      texts_field("metrics_allow", Roll, http.metrics_allow, canonical_network),
      count_field("store_threads", Roll, http.store_threads, 1, 256),
  };
}

Fields fields_of(Store& store) {
  return {
      text_field("url", Roll, store.url, check_store_url),
      flag_field("relaxed_durability", Roll, store.relaxed_durability),
      count_field("pool_size", Roll, store.pool_size, 1, 100),
      duration_field("statement_timeout", Roll, store.statement_timeout, 100ms, 1h),
      duration_field("connect_timeout", Roll, store.connect_timeout, 100ms, 5min),
  };
}

Fields fields_of(Queue& queue) {
  return {
      count_field("batch", Roll, queue.batch, 1, 10'000),
      count_field("concurrency", Roll, queue.concurrency, 1, 1024),
      duration_field("lease", Roll, queue.lease, 1s, 24h),
      duration_field("job_timeout", Roll, queue.job_timeout, 1s, 168h),
      count_field("max_attempts", Roll, queue.max_attempts, 1, 1000),
      count_field("max_crashes", Roll, queue.max_crashes, 1, 1000),
      duration_field("backoff_base", Roll, queue.backoff_base, 1ms, 24h),
      duration_field("backoff_cap", Roll, queue.backoff_cap, 1ms, 720h),
      duration_field("poll", Roll, queue.poll, 10ms, 1h),
      duration_field("keep_done", Roll, queue.keep_done, 0s, 8760h),
  };
}

}  // namespace holdfast::config
