// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/provider.hpp"

#include "common/embedding/hashing.hpp"
#include "common/embedding/openai.hpp"

#include <cmath>

namespace holdfast::embedding {

Result<std::unique_ptr<Provider>> make_provider(const config::Embedding& config,
                                                ProviderParts parts) {
  if (config.dimensions < kMinDimensions || config.dimensions > kMaxDimensions) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("embedding.dimensions = {} must be between {} and {}",
                            config.dimensions, kMinDimensions, kMaxDimensions));
  }
  if (config.provider == "hashing") return std::make_unique<HashingProvider>(config.dimensions);
  if (config.provider == "openai") {
    return std::make_unique<OpenAiProvider>(config, std::move(parts));
  }
  return fail(ErrorKind::InvalidArgument,
              fmt::format("embedding.provider = \"{}\" is not known; choose \"hashing\" or "
                          "\"openai\"",
                          config.provider));
}

std::string space_of(const config::Embedding& config) {
  if (config.provider == "hashing") return HashingProvider(config.dimensions).space();
  return fmt::format("{}/{}/{}", config.provider, config.model, config.dimensions);
}

bool to_unit_length(std::span<float> vector) {
  double squares = 0;
  for (const float x : vector)
    squares += static_cast<double>(x) * static_cast<double>(x);
  if (!std::isfinite(squares) || squares <= 0) return false;
  const double scale = 1 / std::sqrt(squares);
  for (float& x : vector)
    x = static_cast<float>(static_cast<double>(x) * scale);
  return true;
}

}  // namespace holdfast::embedding
