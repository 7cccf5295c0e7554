// SPDX-License-Identifier: Apache-2.0
// The fields of [embedding].
#include "common/config/schema.hpp"
#include "common/config/secret_fields.hpp"
#include "common/net/url.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>

namespace holdfast::config {

using enum ReloadEffect;

namespace {

// The path's end is ours, so that "http://host/v1" and "http://host/v1/" are the same.
Result<std::string> check_base_url(const std::string& text) {
  HOLDFAST_TRY_ASSIGN(const net::Url url, net::parse_url(text));
  if (url.target.find('?') != std::string::npos) {
    return fail(ErrorKind::InvalidArgument,
                "must not have a query: \"/embeddings\" is appended to it");
  }
  constexpr std::string_view kOurs = "/embeddings";
  std::string base = text;
  while (base.ends_with('/'))
    base.pop_back();
  if (base.ends_with(kOurs)) base.resize(base.size() - kOurs.size());
  return base;
}

// Part of what the store records with each vector.
Result<std::string> check_model(const std::string& text) {
  constexpr std::size_t kLongest = 200;
  const bool printable =
      text.size() <= kLongest &&
      std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c <= '~'; });
  if (printable) return text;
  return fail(ErrorKind::InvalidArgument,
              fmt::format("'{}' is not a model's name: at most {} printable ASCII characters, no "
                          "blanks",
                          text::truncate_utf8(text, kLongest), kLongest));
}

}  // namespace

Fields fields_of(Embedding& embedding) {
  return {
      choice_field<std::string>("provider", Roll, embedding.provider,
                                {{"hashing", "hashing"}, {"openai", "openai"}}),
      count_field("dimensions", Roll, embedding.dimensions, 8, 4096),
      count_field("chunk_bytes", Roll, embedding.chunk_bytes, 64, 1u << 20),
      count_field("chunk_overlap", Roll, embedding.chunk_overlap, 0, 1u << 20),
      text_field("model", Roll, embedding.model, check_model),
      text_field("base_url", Roll, embedding.base_url, check_base_url),
      secret_field("api_key", Roll, embedding.api_key, embedding.literal_secrets, check_secret),
      path_field("api_key_file", Roll, embedding.api_key_file, Absence::Allowed),
      flag_field("request_dimensions", Roll, embedding.request_dimensions),
      choice_field<std::string>("encoding_format", Roll, embedding.encoding_format,
                                {{"float", "float"}, {"base64", "base64"}}),
      count_field("batch_items", Roll, embedding.batch_items, 1, 2048),
      bytes_field("batch_bytes", Roll, embedding.batch_bytes, 1u << 10, 16u << 20),
      count_field("concurrency", Roll, embedding.concurrency, 1, 256),
      duration_field("timeout", Roll, embedding.timeout, 100ms, 10min),
      duration_field("query_timeout", Roll, embedding.query_timeout, 50ms, 1min),
      count_field("retries", Roll, embedding.retries, 0, 20),
      text_field("proxy", Roll, embedding.proxy, check_proxy),
      path_field("ca_file", Roll, embedding.ca_file, Absence::Allowed),
  };
}

}  // namespace holdfast::config
