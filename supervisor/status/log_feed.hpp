// SPDX-License-Identifier: Apache-2.0
#pragma once

// LogFeed: `GET /logs`, the last lines of the stack's log and those that come.
//
//   ?lines=N           the last N lines
//   ?after=P&wait=S    what came after position P; waits up to S seconds for it
//   &name=NAME         of one program or worker only
//
// The answer is text, as the log has it. X-Log-Next: the position to go on from; X-Log-Missed: how
// many bytes had left the memory before they could be read.
//
// Threads: everything on the thread of `io`.

#include "common/http/server.hpp"
#include "supervisor/logs/recent_lines.hpp"
#include "supervisor/status/wait_list.hpp"

namespace holdfast::supervisor::status {

class LogFeed {
 public:
  // `lines` outlives this; its listener is taken.
  LogFeed(boost::asio::io_context& io, logs::RecentLines& lines);
  ~LogFeed();

  void last(std::size_t count, const std::string& name, const http::Responder& respond) const;
  void read(std::uint64_t after, std::string name, Duration wait, http::Responder respond);
  void release_all() { waiters_.release_all(); }

 private:
  logs::RecentLines& lines_;
  WaitList waiters_;
};

}  // namespace holdfast::supervisor::status
