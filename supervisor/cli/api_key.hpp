// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast api-key create|rotate|list|revoke`: works on the store directly, whether or not the
// stack is running. Only the new key itself goes to standard output, so that it can be piped;
// messages go to standard error.

#include "common/config/load.hpp"
#include "supervisor/cli/arguments.hpp"

#include <filesystem>
#include <optional>

namespace holdfast::supervisor::cli {

bool is_api_key_verb(Verb verb);

// Returns the exit code.
int run_api_key(const Arguments& arguments, const std::optional<std::filesystem::path>& config_file,
                const config::Environ& environ);

}  // namespace holdfast::supervisor::cli
