// SPDX-License-Identifier: Apache-2.0
#pragma once

// Resolves host names within a deadline. getaddrinfo(3) cannot be interrupted, so it runs on
// a thread of its own, which is abandoned if it takes too long. Threads: any; blocks.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"

#include <string>
#include <vector>

namespace holdfast::http {

// Textual addresses in the resolver's order, at most four. A numeric host is returned as it is.
Result<std::vector<std::string>> resolve(const std::string& host, MonoTime deadline);

}  // namespace holdfast::http
