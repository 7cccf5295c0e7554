// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast crashes` and `holdfast crashes show`: the crash reports that the supervisor keeps.
// The commands return the exit code; the texts are pure.

#include "supervisor/cli/admin_client.hpp"
#include "supervisor/cli/arguments.hpp"

#include <nlohmann/json_fwd.hpp>

#include <string>

namespace holdfast::supervisor::cli {

int list_crashes(const AdminClient& client, const Arguments& arguments);
int show_crash(const AdminClient& client, const Arguments& arguments);

// Of the answer of GET /crashes: one line for each, the newest first.
std::string crash_table(const nlohmann::json& answer);
// One whole report, for a person to read from top to bottom.
std::string crash_page(const nlohmann::json& report);

}  // namespace holdfast::supervisor::cli
