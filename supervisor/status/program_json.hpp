// SPDX-License-Identifier: Apache-2.0
#pragma once

// A program, and the store, as JSON, for both /status and /ready?verbose. Threads: any; pure.

#include "supervisor/core/fleet.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace holdfast::supervisor::status {

nlohmann::ordered_json program_json(const core::ProgramView& program);

// {"engine":"sqlite","database":"/var/lib/holdfast/holdfast.db"}, of a snapshot's `store` that is
// not empty.
nlohmann::ordered_json store_json(const std::string& store);

// Serializes. Texts from workers need not be valid UTF-8; invalid bytes become U+FFFD.
std::string text_of(const nlohmann::ordered_json& json);

}  // namespace holdfast::supervisor::status
