// SPDX-License-Identifier: Apache-2.0
#pragma once

// Patterns for paths, as git and shells read them: `*`, `?` and `[a-z]` do not match '/', and a
// part
// `**` stands for any number of directories. Threads: any; pure.

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::text {

class PathPattern {
 public:
  explicit PathPattern(std::string_view pattern);

  // `path` is relative, without "." and "..". At the end of a pattern, `**` stands for all that is
  // below, and not for the directory itself.
  bool matches(std::string_view path) const;
  // Whether something below this directory could match; "" is where the paths begin.
  bool may_match_below(std::string_view directory) const;
  bool operator==(const PathPattern&) const = default;

 private:
  std::vector<std::string> parts_;
};

}  // namespace holdfast::text
