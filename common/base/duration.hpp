// SPDX-License-Identifier: Apache-2.0
#pragma once

// Durations and sizes as people write them in a configuration: "250ms", "30s", "1m30s", "2h", "1d";
// "512KiB", "10MiB". The unit is required: a bare "30" is an error, never a guess.
//
// Threads: pure functions.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

Result<Duration> parse_duration(std::string_view text);
// "1m30s": the shortest form that is exact to the millisecond.
std::string format_duration(Duration duration);

// B; KiB, MiB and GiB (powers of 1024); KB, MB and GB (powers of 1000).
Result<std::uint64_t> parse_bytes(std::string_view text);
// "12.4 MiB", for tables.
std::string format_bytes(std::uint64_t bytes);

}  // namespace holdfast
