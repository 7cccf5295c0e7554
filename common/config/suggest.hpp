// SPDX-License-Identifier: Apache-2.0
#pragma once

// "did you mean": the known name that is closest to a mistyped one. Threads: any.

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

// "; did you mean 'replicas'?", or "" if no known name is close enough.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace holdfast::config
