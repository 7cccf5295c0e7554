// SPDX-License-Identifier: Apache-2.0
#pragma once

// The dot product of two vectors; of unit vectors, their cosine. Pure.

#include <array>
#include <cstddef>

namespace holdfast::store {

inline float dot(const float* a, const float* b, std::size_t size) {
  // Independent sums: one would forbid the compiler to use vector instructions, because adding
  // floats in another order changes the result.
  constexpr std::size_t kLanes = 16;
  std::array<float, kLanes> sums{};
  std::size_t i = 0;
  for (; i + kLanes <= size; i += kLanes) {
    for (std::size_t lane = 0; lane < kLanes; ++lane)
      sums[lane] += a[i + lane] * b[i + lane];
  }
  float total = 0;
  for (; i < size; ++i)
    total += a[i] * b[i];
  for (const float sum : sums)
    total += sum;
  return total;
}

}  // namespace holdfast::store
