// SPDX-License-Identifier: Apache-2.0
// Real directories, and what inotify tells of them.
#include "supervisor/watch/watched_tree.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/watch/support.hpp"

#include <poll.h>
#include <sys/resource.h>

#include <algorithm>
#include <fstream>
#include <optional>
#include <set>
#include <utility>

using namespace holdfast;
using namespace holdfast::test;
using namespace holdfast::supervisor::watch;

namespace fs = std::filesystem;

namespace {

using Files = std::set<std::string>;

struct Watched {
  explicit Watched(const fs::path& directory, std::vector<std::string> patterns,
                   std::vector<std::string> ignore = {}) {
    config::Program program;
    program.name = "web";
    program.directory = directory;
    program.watch = std::move(patterns);
    program.watch_ignore = std::move(ignore);
    tree.emplace(
        interests_of(program, "/"), fs::path(),
        [this](const std::string&, const std::string& file) { heard.insert(file); }, stop);
    REQUIRE(tree->open());
  }

  // All that has happened so far has been queued by the kernel already.
  Files take() {
    pollfd descriptor{tree->fd(), POLLIN, 0};
    while (::poll(&descriptor, 1, 0) > 0)
      tree->read();
    return std::exchange(heard, {});
  }

  std::atomic<bool> stop{false};
  Files heard;
  std::optional<WatchedTree> tree;
};

}  // namespace

TEST_CASE("a watched tree tells of files that are written, made, removed and renamed") {
  TempDir dir;
  write(dir / "src/a.js");
  write(dir / "src/lib/b.js");
  write(dir / "doc/c.js");
  Watched watched(dir.path(), {"src/**/*.js"});
  CHECK(watched.tree->directories("web") == 3);  // not doc
  CHECK(watched.take().empty());
  write(dir / "src/a.js", "new");
  CHECK(watched.take() == Files{"src/a.js"});
  write(dir / "src/lib/b.js", "new");
  write(dir / "src/lib/new.js");
  write(dir / "src/lib/new.css");
  write(dir / "doc/c.js", "new");
  CHECK(watched.take() == Files{"src/lib/b.js", "src/lib/new.js"});
  fs::remove(dir / "src/lib/new.js");
  CHECK(watched.take() == Files{"src/lib/new.js"});
  fs::rename(dir / "src/a.js", dir / "src/z.js");
  CHECK(watched.take() == Files{"src/a.js", "src/z.js"});
}

TEST_CASE("a watched tree tells of a file that an editor replaces, by its name alone") {
  TempDir dir;
  write(dir / "a.js");
  Watched watched(dir.path(), {"**"});
  write(dir / ".a.js.swp");
  write(dir / "4913");
  fs::remove(dir / "4913");
  CHECK(watched.take().empty());
  write(dir / "a.js~", "new");
  fs::rename(dir / "a.js~", dir / "a.js");
  CHECK(watched.take() == Files{"a.js"});
}

TEST_CASE("a watched tree follows directories that are made, moved, filled elsewhere and removed") {
  TempDir dir;
  TempDir elsewhere;
  write(dir / "src/a.js");
  Watched watched(dir.path(), {"src/**/*.js"});
  SECTION("made, with files in it at once") {
    write(dir / "src/new/deep/b.js");
    CHECK(watched.take().contains("src/new/deep/b.js"));
    write(dir / "src/new/deep/c.js");
    CHECK(watched.take() == Files{"src/new/deep/c.js"});
  }
  SECTION("moved in") {
    write(elsewhere / "lib/sub/b.js");
    write(elsewhere / "lib/b.css");
    fs::rename(elsewhere / "lib", dir / "src/lib");
    CHECK(watched.take() == Files{"src/lib/sub/b.js"});
    write(dir / "src/lib/sub/b.js", "new");
    CHECK(watched.take() == Files{"src/lib/sub/b.js"});
  }
  SECTION("moved within") {
    write(dir / "src/one/b.js");
    CHECK(watched.take().contains("src/one/b.js"));
    fs::rename(dir / "src/one", dir / "src/two");
    CHECK(watched.take() == Files{"src/one", "src/two/b.js"});
    write(dir / "src/two/b.js", "new");
    CHECK(watched.take() == Files{"src/two/b.js"});
  }
  SECTION("moved out") {
    write(dir / "src/lib/b.js");
    CHECK(watched.take().contains("src/lib/b.js"));
    fs::rename(dir / "src/lib", elsewhere / "lib");
    CHECK(watched.take() == Files{"src/lib"});
    write(elsewhere / "lib/b.js", "new");
    CHECK(watched.take().empty());
  }
  SECTION("removed and made again") {
    fs::remove_all(dir / "src");
    CHECK(watched.take() == Files{"src/a.js"});
    write(dir / "src/a.js");
    CHECK(watched.take().contains("src/a.js"));
    write(dir / "src/a.js", "new");
    CHECK(watched.take() == Files{"src/a.js"});
  }
  CHECK(watched.tree->problem("web").empty());
}

TEST_CASE("a watched tree leaves out what is ignored, and follows the ignore files") {
  TempDir dir;
  write(dir / ".gitignore", "node_modules/\n");
  write(dir / "node_modules/x/i.js");
  write(dir / "src/a.js");
  write(dir / "gen/b.js");
  Watched watched(dir.path(), {"**/*.js"}, {"*.min.js"});
  CHECK(watched.tree->directories("web") == 3);
  write(dir / "node_modules/x/i.js", "new");
  write(dir / "src/a.min.js");
  CHECK(watched.take().empty());
  write(dir / ".gitignore", "gen/\n");
  CHECK(watched.take().empty());
  write(dir / "gen/b.js", "new");
  CHECK(watched.take().empty());
  write(dir / "node_modules/x/i.js", "newer");
  CHECK(watched.take() == Files{"node_modules/x/i.js"});
}

TEST_CASE("a watched tree takes links and second names as whole, and follows no links") {
  TempDir dir;
  TempDir elsewhere;
  write(elsewhere / "lib/b.js");
  fs::create_directory_symlink(elsewhere / "lib", dir / "lib");
  Watched watched(dir.path(), {"**/*.js"});
  CHECK(watched.tree->directories("web") == 1);
  fs::create_symlink(elsewhere / "lib/b.js", dir / "link.js");
  CHECK(watched.take() == Files{"link.js"});
  write(elsewhere / "c.js");
  std::error_code error;
  fs::create_hard_link(elsewhere / "c.js", dir / "hard.js", error);
  if (!error) CHECK(watched.take() == Files{"hard.js"});
}

TEST_CASE("a watched tree looks again for a directory that is missing, or that vanishes") {
  TempDir dir;
  Watched watched(dir / "late", {"**"});
  CHECK(watched.tree->incomplete());
  CHECK(watched.tree->problem("web") == (dir / "late").string() + " is no directory");
  write(dir / "late/a.js");
  watched.tree->retry();
  CHECK(watched.take() == Files{"a.js"});
  CHECK_FALSE(watched.tree->incomplete());
  CHECK(watched.tree->problem("web").empty());
  fs::rename(dir / "late", dir / "gone");
  CHECK(watched.take().empty());
  CHECK(watched.tree->incomplete());
  write(dir / "gone/b.js");
  CHECK(watched.take().empty());
  write(dir / "late/a.js");
  watched.tree->retry();
  CHECK(watched.take() == Files{"a.js"});
}

TEST_CASE("a watched tree that cannot hear everything tells every program, and goes on") {
  TempDir dir;
  write(dir / "a.js");
  write(dir / "deep/b.js");
  Watched watched(dir.path(), {"**"});
  const auto text = fs::path("/proc/sys/fs/inotify/max_queued_events");
  std::size_t limit = 0;
  std::ifstream(text) >> limit;
  REQUIRE(limit > 0);
  if (limit > 100'000) {
    WARN("the queue of inotify is too long to be filled: " << limit);
    return;
  }
  // Events of the same kind and name in a row are told once: two names take turns.
  for (std::size_t i = 0; i <= limit / 2; ++i) {
    fs::rename(dir / "a.js", dir / "b.js");
    fs::rename(dir / "b.js", dir / "a.js");
  }
  CHECK(watched.take().contains("(more than could be told)"));
  write(dir / "deep/b.js", "new");
  CHECK(watched.take() == Files{"deep/b.js"});
}

TEST_CASE("a watched tree says what to do if this user may not have another inotify") {
  TempDir dir;
  rlimit before{};
  REQUIRE(::getrlimit(RLIMIT_NOFILE, &before) == 0);
  std::atomic<bool> stop{false};
  WatchedTree tree(
      {}, {}, [](const std::string&, const std::string&) {}, stop);
  rlimit none = before;
  none.rlim_cur = 0;
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &none) == 0);
  const auto opened = tree.open();
  REQUIRE(::setrlimit(RLIMIT_NOFILE, &before) == 0);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message.find("fs.inotify.max_user_instances") != std::string::npos);
}

TEST_CASE("a scan ends early when it is no longer wanted") {
  TempDir dir;
  write(dir / "src/a.js");
  std::atomic<bool> stop{true};
  config::Program program;
  program.name = "web";
  program.directory = dir.path();
  program.watch = {"**"};
  WatchedTree tree(
      interests_of(program, "/"), {}, [](const auto&, const auto&) {}, stop);
  REQUIRE(tree.open());
  CHECK(tree.directories("web") == 0);
}
