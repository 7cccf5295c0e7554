// SPDX-License-Identifier: Apache-2.0
#pragma once

// What of the stack's log a person wants to see: the options of `holdfast logs`.
//
// Threads: any; pure.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/log/level.hpp"
#include "common/text/pattern.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::logs {

// A moment as people write it: "10m" (so long ago), RFC 3339, or a date or a date and a time in
// UTC, as the log has it. Returns RFC 3339 in UTC.
Result<std::string> parse_moment(std::string_view text, WallTime now);

// Whether RFC 3339 in UTC is earlier than another, whatever their precision.
bool is_earlier(std::string_view time, std::string_view other);

// The time that a line of the log states; empty: none.
std::string_view time_of_line(std::string_view line);

struct LogQuery {
  std::vector<std::string> names;  // as for names_worker(); none: all
  std::string since;               // RFC 3339 in UTC; empty: no limit. It is included,
  std::string until;               // and this is not.
  std::optional<log::Level> level;
  std::optional<text::Pattern> grep;  // found in the line as it is in the log
  std::string request_id;

  // More than the names are asked for.
  bool filters() const {
    return !since.empty() || !until.empty() || level || grep || !request_id.empty();
  }
  // Whether the line, without its newline, is wanted. One that does not state what is asked for is
  // not.
  bool wants(std::string_view line) const;
};

}  // namespace holdfast::supervisor::logs
