// SPDX-License-Identifier: Apache-2.0
#pragma once

// The log on a descriptor such as standard output, which other processes may share. Their view of
// it stays as it is: O_NONBLOCK is never set on the shared description.
//
// Threads: the log thread, once it runs.

#include "common/base/result.hpp"
#include "supervisor/logs/log_sink.hpp"

#include <memory>

namespace holdfast::supervisor::logs {

// Duplicates `fd`.
Result<std::unique_ptr<LogSink>> make_stream_sink(int fd);

}  // namespace holdfast::supervisor::logs
