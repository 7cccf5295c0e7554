// SPDX-License-Identifier: Apache-2.0
#include "supervisor/watch/interest.hpp"

#include "tests/support/catch.hpp"
#include "tests/unit/watch/support.hpp"

#include <algorithm>

using namespace holdfast;
using namespace holdfast::test;
using supervisor::watch::advice;
using supervisor::watch::Interest;
using supervisor::watch::interests_of;

namespace {

config::Program watching(std::vector<std::string> patterns, std::filesystem::path directory = {}) {
  config::Program program;
  program.name = "web";
  program.watch = std::move(patterns);
  program.directory = std::move(directory);
  return program;
}

bool wants(const std::vector<Interest>& interests, const std::filesystem::path& file) {
  return std::any_of(interests.begin(), interests.end(), [&](const Interest& interest) {
    const std::string path = file.lexically_relative(interest.directory);
    return !path.starts_with("..") &&
           std::any_of(interest.patterns.begin(), interest.patterns.end(),
                       [&](const auto& pattern) { return pattern.matches(path); });
  });
}

}  // namespace

TEST_CASE("patterns begin in the program's directory, or in the supervisor's") {
  CHECK(interests_of(watching({"src/*.js"}), "/here")[0].directory == "/here");
  CHECK(interests_of(watching({"src/*.js"}, "/srv/web"), "/here")[0].directory == "/srv/web");
  CHECK(interests_of(watching({}), "/here").empty());
}

TEST_CASE("patterns may lead elsewhere, and those of one place are looked for together") {
  const auto interests = interests_of(
      watching({"src/*.js", "./lib/**", "../common/**/*.js", "/etc/web/*.toml", "../common/x"},
               "/srv/web"),
      "/");
  REQUIRE(interests.size() == 3);
  CHECK(interests[0].directory == "/srv/web");
  CHECK(interests[0].patterns.size() == 2);
  CHECK(interests[1].directory == "/srv/common");
  CHECK(interests[2].directory == "/etc/web");
  for (const Interest& interest : interests)
    CHECK(interest.told_from == "/srv/web");
}

TEST_CASE("what a pattern matches") {
  struct Row {
    const char* pattern;
    const char* file;
    bool wanted;
  };
  const Row row = GENERATE(values<Row>({
      {"src", "/srv/web/src/a/b.js", true},  // all below a directory
      {"src/", "/srv/web/src/a.js", true},
      {"src", "/srv/web/src", true},  // or a file
      {"src", "/srv/web/src2/a.js", false},
      {".", "/srv/web/a/b.js", true},
      {"./", "/srv/web/a.js", true},
      {"**", "/srv/web/a/b/c.js", true},
      {"./src/**/*.js", "/srv/web/src/a/b.js", true},
      {"*.js", "/srv/web/a.js", true},
      {"*.js", "/srv/web/a.js/b", false},
      {"*", "/srv/web/src/a.js", false},
      {"..", "/srv/other/a.js", true},
      {"../common", "/srv/common/a/b.js", true},
      {"../common/*.js", "/srv/common/a/b.js", false},
      {"/etc/web.toml", "/etc/web.toml", true},
      {"/etc/web.toml", "/etc/web.json", false},
      {"/etc/web", "/etc/web/a/b", true},
      {"a/../src/*.js", "/srv/web/src/a.js", true},
  }));
  CAPTURE(row.pattern, row.file);
  CHECK(wants(interests_of(watching({row.pattern}, "/srv/web"), "/"), row.file) == row.wanted);
}

TEST_CASE("check-config is told of patterns that match nothing, and why") {
  TempDir dir;
  write(dir / "src/app.js");
  write(dir / "dist/app.js");
  write(dir / ".gitignore", "dist/\n");
  const auto advised = [&](const std::string& pattern, std::vector<std::string> ignore = {}) {
    config::Program program = watching({pattern}, dir.path());
    program.watch_ignore = std::move(ignore);
    const auto texts = advice({program}, "/", {});
    return texts.empty() ? std::string() : texts[0];
  };
  CHECK(advised("src/**/*.js").empty());
  CHECK(advised("src").empty());
  CHECK(advised("**/*.ts") ==
        "[program.web] watch: '**/*.ts' matches no file below " + dir.path().string());
  CHECK(advised("dist/*.js").find("ignores every file that 'dist/*.js' matches") !=
        std::string::npos);
  CHECK(advised("dist/*.js", {"!dist/"}).empty());
  CHECK(advised("src/*.js", {"*.js"}).find("ignores every file") != std::string::npos);
  CHECK(advised("../none/**").find("which is no directory") != std::string::npos);
}

TEST_CASE("each pattern is advised on by itself, and programs that run at times are left out") {
  TempDir dir;
  write(dir / "a.js");
  const auto texts = advice({watching({"*.js", "*.ts", "*.css"}, dir.path())}, "/", {});
  CHECK(texts.size() == 2);
  config::Program nightly = watching({"**"}, dir.path());
  nightly.schedule = "0 3 * * *";
  CHECK(interests_of(std::vector<config::Program>{nightly}, "/").empty());
}
