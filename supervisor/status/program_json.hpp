// SPDX-License-Identifier: Apache-2.0
#pragma once

// A program as JSON, for both /status and /ready?verbose. Threads: any; pure.

#include "supervisor/core/fleet.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace holdfast::supervisor::status {

nlohmann::ordered_json program_json(const core::ProgramView& program);

// Serializes. Texts from workers need not be valid UTF-8; invalid bytes become U+FFFD.
std::string text_of(const nlohmann::ordered_json& json);

}  // namespace holdfast::supervisor::status
