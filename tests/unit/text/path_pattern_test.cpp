// SPDX-License-Identifier: Apache-2.0
#include "common/text/path_pattern.hpp"

#include "tests/support/catch.hpp"

using holdfast::text::PathPattern;

TEST_CASE("a path pattern: within a name, and over directories with two stars") {
  struct Row {
    const char* pattern;
    const char* path;
    bool matches;
  };
  const Row row = GENERATE(values<Row>({
      {"app.js", "app.js", true},
      {"app.js", "src/app.js", false},
      {"*.js", "app.js", true},
      {"*.js", "src/app.js", false},
      {"src/*.js", "src/app.js", true},
      {"src/*.js", "src/lib/app.js", false},
      {"src/*", "src/.hidden", true},
      {"src/?.js", "src/a.js", true},
      {"src/[a-c].js", "src/b.js", true},
      {"src/[!a-c].js", "src/b.js", false},
      {"src/\\*.js", "src/*.js", true},
      {"src/\\*.js", "src/a.js", false},
      {"**", "app.js", true},
      {"**", "a/b/c", true},
      {"**/*.js", "app.js", true},
      {"**/*.js", "a/b/app.js", true},
      {"src/**/*.js", "src/app.js", true},
      {"src/**/*.js", "src/a/b/app.js", true},
      {"src/**/*.js", "lib/app.js", false},
      {"src/**", "src/a/b", true},
      {"src/**", "src", false},
      {"src/**/**/x", "src/x", true},
      {"a/**/b/**/c", "a/1/b/2/3/c", true},
      {"a/**/b/**/c", "a/1/2/3/c", false},
      {"a**b", "axxb", true},
      {"a**b", "ax/xb", false},
      {"/src/a.js", "src/a.js", true},
  }));
  CAPTURE(row.pattern, row.path);
  CHECK(PathPattern(row.pattern).matches(row.path) == row.matches);
}

TEST_CASE("a path pattern tells which directories can hold a match") {
  struct Row {
    const char* pattern;
    const char* directory;
    bool may;
  };
  const Row row = GENERATE(values<Row>({
      {"src/**/*.js", "", true},
      {"src/**/*.js", "src", true},
      {"src/**/*.js", "src/a/b", true},
      {"src/**/*.js", "lib", false},
      {"src/*.js", "src", true},
      {"src/*.js", "src/a", false},
      {"*.js", "", true},
      {"*.js", "src", false},
      {"**", "anything/at/all", true},
      {"s*/x/*", "src/x", true},
      {"s*/x/*", "src/y", false},
  }));
  CAPTURE(row.pattern, row.directory);
  CHECK(PathPattern(row.pattern).may_match_below(row.directory) == row.may);
}
