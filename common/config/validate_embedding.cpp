// SPDX-License-Identifier: Apache-2.0
#include "common/config/checks.hpp"
#include "common/config/validate.hpp"

#include <array>
#include <utility>

namespace holdfast::config {

namespace {

// What needs the provider "openai".
constexpr std::array kRemoteKeys{
    "model",       "base_url",    "api_key",         "api_key_file",      "proxy",
    "batch_items", "batch_bytes", "concurrency",     "timeout",           "query_timeout",
    "retries",     "ca_file",     "encoding_format", "request_dimensions"};

// The length of the vectors of OpenAI's own models.
constexpr std::array<std::pair<std::string_view, std::uint32_t>, 3> kKnownModels{
    {{"text-embedding-3-small", 1536},
     {"text-embedding-3-large", 3072},
     {"text-embedding-ada-002", 1536}}};

void check_dimensions(const Embedding& embedding, Checks& checks) {
  for (const auto& [model, length] : kKnownModels) {
    if (embedding.model != model) continue;
    if (!checks.given("dimensions")) {
      return checks.problem(
          "", fmt::format("dimensions is missing: the vectors of {} have {}", model, length));
    }
    if (embedding.request_dimensions) {
      if (embedding.dimensions <= length) return;
      return checks.problem("dimensions", fmt::format("{} is more than the {} of {}",
                                                      embedding.dimensions, length, model));
    }
    if (embedding.dimensions == length) return;
    return checks.problem(
        "dimensions",
        fmt::format("the vectors of {} have {}, not {}; shorter ones have to be asked "
                    "for: request_dimensions = true",
                    model, length, embedding.dimensions));
  }
  if (!checks.given("dimensions")) {
    checks.problem("", "dimensions is missing: how many numbers a vector of the model has");
  }
}

void check_remote(const Embedding& embedding, Checks& checks) {
  if (embedding.model.empty()) {
    checks.problem("",
                   "model is missing: provider \"openai\" needs the name of a model, such as "
                   "\"text-embedding-3-small\"");
  } else {
    check_dimensions(embedding, checks);
  }
  checks.check_url("base_url", embedding.base_url);
  std::string key;
  const bool has_key = checks.check_secret("api_key", embedding.api_key, embedding.api_key_file,
                                           key, "the account of Holdfast's workers");
  if (has_key && key.empty() && embedding.base_url == Embedding{}.base_url) {
    checks.problem("",
                   "api.openai.com needs a key: api_key_file = \"/path\", or EMBEDDING_API_KEY "
                   "in the environment");
  }
  if (!embedding.literal_secrets.empty()) checks.warn_of_literal("api_key");
  checks.check_ca_file(embedding.ca_file);
  if (embedding.batch_bytes < embedding.chunk_bytes) {
    checks.problem("batch_bytes", fmt::format("{} is less than chunk_bytes, {}: not one chunk "
                                              "would fit",
                                              embedding.batch_bytes, embedding.chunk_bytes));
  }
}

}  // namespace

void validate_embedding(const Embedding& embedding, LoadReport& report) {
  Checks checks("embedding", report);
  if (embedding.chunk_overlap > embedding.chunk_bytes / 2) {
    checks.problem("chunk_overlap", fmt::format("{} is more than half of chunk_bytes, {}",
                                                embedding.chunk_overlap, embedding.chunk_bytes));
  }
  if (embedding.provider == "openai") return check_remote(embedding, checks);
  for (const char* key : kRemoteKeys)
    checks.without_effect(key, "the provider is \"hashing\", which sends nothing");
}

}  // namespace holdfast::config
