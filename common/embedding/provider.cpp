// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/provider.hpp"

#include "common/embedding/hashing.hpp"

namespace holdfast::embedding {

Result<std::unique_ptr<Provider>> make_provider(const config::Embedding& config) {
  if (config.provider != "hashing") {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("embedding.provider = \"{}\" is not known; choose \"hashing\"",
                            config.provider));
  }
  if (config.dimensions < kMinDimensions || config.dimensions > kMaxDimensions) {
    return fail(ErrorKind::InvalidArgument,
                fmt::format("embedding.dimensions = {} must be between {} and {}",
                            config.dimensions, kMinDimensions, kMaxDimensions));
  }
  return std::make_unique<HashingProvider>(config.dimensions);
}

}  // namespace holdfast::embedding
