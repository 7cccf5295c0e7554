// SPDX-License-Identifier: Apache-2.0
#pragma once

// The query parameters that the status endpoint and the admin socket know. Threads: pure functions.

#include "common/http/message.hpp"

#include <optional>
#include <string>

namespace holdfast::supervisor::status {

// What is wrong with the parameters of a request, for whoever sent it: one that is given more than
// once, or a number that is none. Parameters that a path does not know are ignored.
std::optional<std::string> wrong_parameter(const http::Request& request);

}  // namespace holdfast::supervisor::status
