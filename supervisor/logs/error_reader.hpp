// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a log line of level error says of its error (error_line.hpp). The keys are those that the
// usual libraries write: pino, bunyan, winston, zap, zerolog, slog, structlog, Python's JSON
// formatters, loguru, logback's encoder, ECS, Serilog, .NET, MongoDB, PostgreSQL, and Holdfast's
// own.
//
// Threads: any; pure. Not quick: it is asked of error lines alone, a bounded number of them.

#include "supervisor/logs/error_line.hpp"
#include "supervisor/logs/log_line.hpp"

#include <string>
#include <string_view>

namespace holdfast::supervisor::logs {

// Of one line, or a joined record. Fills in all but program, worker and time; of `process` what the
// line says, which in a container or below a master process is not the worker's own.
ErrorLine read_error_line(const LinePart& part, const log::RedactPaths* redact);

// The request id of a line of the log, under whichever key or in its text; empty: it states none.
std::string request_id_of_line(std::string_view line);

}  // namespace holdfast::supervisor::logs
