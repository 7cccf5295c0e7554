// SPDX-License-Identifier: Apache-2.0
#pragma once

// Pattern: a regular expression whose search takes time linear in the text, whatever the expression
// and the text are. The syntax is RE2's: Perl's without lookaround and backreferences
// (https://github.com/google/re2/wiki/Syntax).
//
// Threads: any; immutable.

#include "common/base/result.hpp"

#include <memory>
#include <string_view>

namespace re2 {
class RE2;
}

namespace holdfast::text {

class Pattern {
 public:
  // InvalidArgument: what is wrong, and which part of the expression it is about. An expression
  // that compiles to more than kMaxInstructions is refused as well: they bound the cost per byte.
  static Result<Pattern> compile(std::string_view expression);
  static constexpr int kMaxInstructions = 4000;

  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // Whether it matches anywhere in `text`, which should be UTF-8: nothing matches an invalid byte.
  bool found_in(std::string_view text) const;

 private:
  explicit Pattern(std::unique_ptr<re2::RE2> compiled);
  std::unique_ptr<re2::RE2> compiled_;
};

}  // namespace holdfast::text
