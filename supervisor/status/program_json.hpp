// SPDX-License-Identifier: Apache-2.0
#pragma once

// What /status and /ready?verbose both say of a program. Threads: any; pure.

#include "supervisor/core/fleet.hpp"

#include <nlohmann/json.hpp>

#include <string>

namespace holdfast::supervisor::status {

nlohmann::ordered_json program_json(const core::ProgramView& program);

// What workers say of themselves need not be UTF-8: other bytes become U+FFFD.
std::string text_of(const nlohmann::ordered_json& json);

}  // namespace holdfast::supervisor::status
