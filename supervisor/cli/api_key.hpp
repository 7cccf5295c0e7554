// SPDX-License-Identifier: Apache-2.0
#pragma once

// `holdfast api-key create|list|revoke`: works on the store directly, whether the stack runs or
// not. A new key goes to standard output alone, so that it can be piped to where it belongs;
// everything said about it goes to standard error. Returns the exit code.

#include "common/config/load.hpp"
#include "supervisor/cli/arguments.hpp"

#include <filesystem>
#include <optional>

namespace holdfast::supervisor::cli {

bool is_api_key_verb(Verb verb);

int run_api_key(const Arguments& arguments, const std::optional<std::filesystem::path>& config_file,
                const config::Environ& environ);

}  // namespace holdfast::supervisor::cli
