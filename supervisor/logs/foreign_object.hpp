// SPDX-License-Identifier: Apache-2.0
#pragma once

// ForeignObject: one line of JSON that a program wrote in its own logging library's form (pino,
// bunyan, zap, zerolog, slog, structlog, Python's and PHP's JSON formatters), and how it reads as a
// line of the stack's log: with our `time` and `level`, and no key twice.
//
// Threads: one at a time; pure. The views refer to the line, which outlives the object's use.

#include "common/base/clock.hpp"
#include "common/log/level.hpp"
#include "common/log/redact_paths.hpp"
#include "common/text/json_object.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::logs {

class ForeignObject {
 public:
  // False: the line is not a JSON object.
  bool read(std::string_view line);

  // What the line says of its severity; nothing if it says nothing that we understand.
  std::optional<log::Level> level() const { return level_; }

  // What the line does not say, and what is added to it in any case.
  struct Context {
    std::string_view time;  // RFC 3339
    log::Level level = log::Level::Info;
    std::string_view worker;  // as the inside of a JSON string
    std::string_view pid;
    const log::RedactPaths* redact = nullptr;  // what is masked, besides what always is
  };
  // Appends the line without its closing brace, worker and pid. The value of a key that is also one
  // of ours is kept as "app_" and the key, unless ours says the same.
  void append(std::string& out, const Context& context) const;
  // The line as it was, with what is hidden masked.
  std::string masked(const log::RedactPaths* redact) const;

  // The value of a member, as written; empty: there is none. The key is as written, too.
  std::string_view value_of(std::string_view key) const {
    const text::JsonMember* member = find(key);
    return member == nullptr ? std::string_view{} : member->value;
  }
  const text::JsonMembers& members() const { return members_; }

 private:
  void normalize_keys();
  void drop_duplicates();
  void understand();
  // loguru's {"record":{"level":{"name":"ERROR"}}}, ECS' {"log":{"level":"error"}}, and MongoDB's
  // {"t":{"$date":"…"},"s":"E","c":"REPL","id":7}.
  void understand_nested();
  bool says_the_same(const text::JsonMember& member, const Context& context) const;
  const text::JsonMember* find(std::string_view key) const;
  std::string renamed(std::string_view key) const;

  text::JsonMembers members_;
  bool secrets_ = false;           // there may be some in it
  std::vector<std::string> keys_;  // of members whose key was written with escapes
  std::optional<log::Level> level_;
  std::string time_;           // RFC 3339, UTC; empty: the line carries no time that we understand
  std::string_view time_key_;  // where it was found
  std::string_view level_key_;
};

// The level that a JSON value stands for: a name in any case, perhaps with a number behind it, or a
// number of pino's and bunyan's (10 to 60), Monolog's (100 to 600) or syslog's (0 to 7) scale.
std::optional<log::Level> foreign_level(std::string_view value);

// The time that a JSON value stands for, as RFC 3339 in UTC: a number of seconds, milliseconds,
// microseconds or nanoseconds since 1970, or RFC 3339 with its offset. Empty for anything else,
// such as a local time without an offset or a number before 2001 (a duration).
std::string foreign_time(std::string_view value);

}  // namespace holdfast::supervisor::logs
