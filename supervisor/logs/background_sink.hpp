// SPDX-License-Identifier: Apache-2.0
#pragma once

// A LogSink whose writes are made by a thread of its own. A write to a regular file cannot be made
// to return while its disk hangs (a frozen file system, a dead NFS server), and the log thread has
// to read the workers' pipes meanwhile.
//
// A write that takes long is WouldBlock; its outcome is that of the first write() after poll_fd()
// has become writable, which therefore begins with the same text. Lines keep their order and are
// handed over at most once.
//
// Threads: as for LogSink. The thread is started by the first write. When the sink is destroyed, a
// thread that hangs is abandoned, with the sink below it.

#include "common/base/result.hpp"
#include "supervisor/logs/log_sink.hpp"

#include <memory>

namespace holdfast::supervisor::logs {

Result<std::unique_ptr<LogSink>> make_background_sink(std::unique_ptr<LogSink> sink);

}  // namespace holdfast::supervisor::logs
