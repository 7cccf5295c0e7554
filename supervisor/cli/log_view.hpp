// SPDX-License-Identifier: Apache-2.0
#pragma once

// A line of the stack's log for a person at a terminal:
//
//   2026-11-29 10:00:00.123 ERROR api-worker.0  request failed  request_id=r-1 status=500
//       err Unavailable: the database is away
//       at …
//
// Nothing in it reaches the terminal as a control character (common/text/terminal.hpp).
//
// Threads: any; pure.

#include <string>
#include <string_view>

namespace holdfast::supervisor::cli {

// With its newline. A line that is no JSON object stays as it is.
std::string readable_line(std::string_view line, bool colours);

}  // namespace holdfast::supervisor::cli
