// SPDX-License-Identifier: Apache-2.0
#pragma once

// SipHash-2-4 (Aumasson and Bernstein, 2012): a hash that nobody can aim without its key. The
// limiter's keys come from outside, and whoever can choose collisions can choose his victims.
// Threads: pure.

#include <array>
#include <cstdint>
#include <string_view>

namespace holdfast::rate_limit {

using SipKey = std::array<std::uint64_t, 2>;

std::uint64_t siphash(const SipKey& key, std::string_view text);

}  // namespace holdfast::rate_limit
