// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hides secrets in what is shown of a configuration: passwords in URLs, variables whose names sound
// secret, and what came from the environment under such a name.
//
// Threads: pure functions.

#include "common/config/value.hpp"

#include <set>
#include <string>
#include <string_view>

namespace holdfast::config {

// "DB_PASSWORD", "API_TOKEN", …
bool sounds_secret(std::string_view variable);

// `secrets`: texts to hide wherever they stand.
void mask(Value& value, const std::set<std::string>& secrets);

}  // namespace holdfast::config
