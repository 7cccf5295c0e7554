// SPDX-License-Identifier: Apache-2.0
#pragma once

// "did you mean": the known name nearest to a mistyped one. Threads: any.

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::config {

// "; did you mean 'replicas'?", or "" if no known name is near enough to be what was meant.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& known);

}  // namespace holdfast::config
