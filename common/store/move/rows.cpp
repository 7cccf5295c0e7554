// SPDX-License-Identifier: Apache-2.0
#include "common/store/move/rows.hpp"

#include "common/auth/digest.hpp"

namespace holdfast::store::move {

namespace {
constexpr std::uint64_t kModulus = std::uint64_t{1} << 60;
}

void Checksum::add(const Row& row) {
  // Each value by its own digest, so that nothing depends on where one ends. NULL is one zero byte.
  std::string digests;
  for (const auto& value : row)
    digests += value ? auth::sha256(*value) : std::string(1, '\0');
  const std::string digest = auth::sha256(digests);
  std::uint64_t number = 0;
  for (std::size_t i = 0; i < 8; ++i)
    number = number << 8 | static_cast<unsigned char>(digest[i]);
  sum_ = (sum_ + (number >> 4)) % kModulus;  // the first 60 bits
}

}  // namespace holdfast::store::move
