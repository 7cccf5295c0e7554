// SPDX-License-Identifier: Apache-2.0
#pragma once

// A LogSink that begins each line with its level as sd-daemon(3) and the journal read it, "<3>" to
// "<7>", so that `journalctl -p err` finds what it should and shows it in red. The journal removes
// the prefix.
//
// Threads: as for LogSink.

#include "supervisor/logs/log_sink.hpp"

#include <memory>
#include <string_view>

namespace holdfast::supervisor::logs {

// Whether this descriptor is the one that JOURNAL_STREAM names, "device:inode" (systemd.exec(5)).
bool is_journal(int fd, std::string_view journal_stream);

// The priority of a line of the stack's log, JSON or pretty: '3' for error, '4' for warn, '6' for
// info and whatever states none, '7' for debug and trace.
char priority_of_line(std::string_view line);

std::unique_ptr<LogSink> make_priority_sink(std::unique_ptr<LogSink> sink);

}  // namespace holdfast::supervisor::logs
