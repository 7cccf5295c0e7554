// SPDX-License-Identifier: Apache-2.0
#pragma once

// The quick look at each line of a log: most have nothing to hide. By blocks of bytes, all at once.
//
// Threads: any; pure.

#include <string_view>

namespace holdfast::log {

// Whether a line may have something in it that redact_line() masks.
bool may_contain_secret(std::string_view text);

}  // namespace holdfast::log
