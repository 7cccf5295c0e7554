// SPDX-License-Identifier: Apache-2.0
#pragma once

// Hides secrets in what is shown of a configuration: all that common/log/redact.hpp takes for one,
// and what came from the environment under the name of one.
//
// Threads: pure functions.

#include "common/config/value.hpp"

#include <set>
#include <string>
#include <string_view>

namespace holdfast::config {

// `secrets`: texts to hide wherever they stand.
void mask(Value& value, const std::set<std::string>& secrets);

}  // namespace holdfast::config
