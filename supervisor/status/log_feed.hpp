// SPDX-License-Identifier: Apache-2.0
#pragma once

// LogFeed: `GET /logs`, the latest lines of the stack's log and those that follow.
//
//   ?lines=N           the last N lines
//   ?after=P&wait=S    the lines after position P; waits up to S seconds for some
//   &name=NAME         only lines of this program or worker, or of a glob; may be repeated
//
// The answer is the text of the log. X-Log-Next: the position to continue from. X-Log-Missed: the
// number of bytes that were dropped from memory before they could be read.
//
// Threads: everything on the thread of `io`.

#include "common/http/server.hpp"
#include "supervisor/logs/recent_lines.hpp"
#include "supervisor/status/wait_list.hpp"

namespace holdfast::supervisor::status {

class LogFeed {
 public:
  // Becomes the listener of `lines`, which must outlive this.
  LogFeed(boost::asio::io_context& io, logs::RecentLines& lines);
  ~LogFeed();

  using Names = std::vector<std::string>;
  void last(std::size_t count, const Names& names, const http::Responder& respond) const;
  void read(std::uint64_t after, Names names, Duration wait, http::Responder respond);
  // Whether there are lines of this name, perhaps of a program that is gone.
  bool has_lines_of(const std::string& name) const { return !lines_.last(1, {name}).text.empty(); }
  void release_all() { waiters_.release_all(); }

 private:
  logs::RecentLines& lines_;
  WaitList waiters_;
};

}  // namespace holdfast::supervisor::status
