// SPDX-License-Identifier: Apache-2.0
#pragma once

// A crash report as JSON: the file that is kept of it, and the answers about it. docs/crashes.md
// describes the fields.
//
// Threads: any; pure.

#include "supervisor/state/crash_report.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace holdfast::supervisor {

// All of it.
nlohmann::ordered_json crash_json(const CrashReport& report);

// What anybody may see who sees the status: which worker, when, why, and the stack. Nothing that a
// worker or a client has written: no lines, no ids, no message of an exception.
nlohmann::ordered_json public_crash_json(const nlohmann::ordered_json& whole);

// Serialized; invalid UTF-8 becomes U+FFFD.
std::string crash_text(const nlohmann::ordered_json& json);

// A file that was kept. Nothing if it is not a report, or not that of `id`.
std::optional<nlohmann::ordered_json> parse_crash(std::string_view text, std::string_view id);

// "20261129T091614123Z-4f1a": digits and letters, so that it can be the name of a file. The texts
// sort by time.
bool is_crash_id(std::string_view text);
std::string make_crash_id(WallTime time, std::uint16_t number);

}  // namespace holdfast::supervisor
