// SPDX-License-Identifier: Apache-2.0
#include "common/text/glob.hpp"

#include "tests/support/catch.hpp"

using holdfast::text::glob_match;
using holdfast::text::is_glob;

TEST_CASE("globs match stars and question marks, and nothing more") {
  CHECK(glob_match("*_info", "build_info"));
  CHECK(glob_match("a*b*c", "aXbXbXc"));
  CHECK(glob_match("a?c", "abc"));
  CHECK(glob_match("*", ""));
  CHECK(glob_match("", ""));
  CHECK_FALSE(glob_match("*_info", "build_infos"));
  CHECK_FALSE(glob_match("a?c", "ac"));
  CHECK_FALSE(glob_match("", "a"));
  CHECK_FALSE(glob_match("a*b*c", "aXcXb"));
  CHECK_FALSE(glob_match("[ab]", "a"));
}

TEST_CASE("only a star or a question mark makes a glob of a name") {
  CHECK(is_glob("web*"));
  CHECK(is_glob("api.?"));
  CHECK_FALSE(is_glob("web.0"));
  CHECK_FALSE(is_glob("[a]"));
}
