// SPDX-License-Identifier: Apache-2.0
#pragma once

// Durations and sizes as people write them in configuration: "250ms", "30s", "1m30s", "2h", "1d";
// "512KiB", "10MiB". Units are required: a bare "30" is an error, never a guess.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace holdfast {

Result<Duration> parse_duration(std::string_view text);
std::string format_duration(Duration duration);  // "1m30s"; the shortest exact form, ms precision

Result<std::uint64_t> parse_bytes(
    std::string_view text);                     // B, KiB, MiB, GiB (1024), KB, MB, GB (1000)
std::string format_bytes(std::uint64_t bytes);  // "12.4 MiB", for tables

}  // namespace holdfast
