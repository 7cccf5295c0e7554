// SPDX-License-Identifier: Apache-2.0
#pragma once

// SipHash-2-4 (Aumasson and Bernstein, 2012): a keyed hash whose collisions cannot be predicted
// without the key. The limiter's keys come from clients, who could otherwise evict chosen victims.
// Threads: pure.

#include <array>
#include <cstdint>
#include <string_view>

namespace holdfast::rate_limit {

using SipKey = std::array<std::uint64_t, 2>;

std::uint64_t siphash(const SipKey& key, std::string_view text);

}  // namespace holdfast::rate_limit
