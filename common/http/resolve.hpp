// SPDX-License-Identifier: Apache-2.0
#pragma once

// Host names to addresses, within a deadline. getaddrinfo(3) cannot be interrupted, so it runs on
// a thread of its own, which is abandoned when it takes too long. Threads: any; blocks.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

#include <string>
#include <vector>

namespace holdfast::http {

// Textual addresses in the resolver's order, at most four. A numeric host is its own answer.
Result<std::vector<std::string>> resolve(const std::string& host, MonoTime deadline);

}  // namespace holdfast::http
