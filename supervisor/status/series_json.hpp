// SPDX-License-Identifier: Apache-2.0
#pragma once

// `GET /series`: the last five minutes in columns, oldest first; null where a value is unknown.
//
// Threads: any; pure.

#include "supervisor/telemetry/history.hpp"

#include <string>

namespace holdfast::supervisor::status {

inline constexpr int kSeriesSchema = 1;

std::string series_json(const telemetry::StackHistory& history);

}  // namespace holdfast::supervisor::status
