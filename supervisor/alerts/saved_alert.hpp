// SPDX-License-Identifier: Apache-2.0
#pragma once

// Alerts as JSON: what the store keeps of them, and what `holdfast alerts --json` prints.
//
// Threads: any; pure.

#include "supervisor/alerts/notifier.hpp"

#include <nlohmann/json.hpp>

#include <optional>
#include <string>

namespace holdfast::supervisor::alerts {

// Without the crash report, which has a store of its own.
nlohmann::ordered_json to_json(const Alert& alert);
std::optional<Alert> alert_from(const nlohmann::json& json);  // nothing: it is none

std::string save(const AlertEpisode& episode, const Moment& now);
std::optional<AlertEpisode> load_episode(const std::string& text, const Moment& now);

}  // namespace holdfast::supervisor::alerts
