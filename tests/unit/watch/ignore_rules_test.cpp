// SPDX-License-Identifier: Apache-2.0
// What git ignores, with git itself as the oracle.
#include "supervisor/watch/ignore_rules.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/unit/watch/support.hpp"

#include <random>
#include <set>

using namespace holdfast;
using namespace holdfast::test;
using supervisor::watch::IgnoreFile;
using supervisor::watch::IgnoreRules;

namespace fs = std::filesystem;

namespace {

bool git(const fs::path& directory, std::vector<std::string> arguments) {
  static const fs::path kGit = find_program("git");
  std::vector<std::string> argv{kGit.string(), "-C", directory.string()};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  ProcessOptions options;
  options.environment = {
      {"HOME", directory.string()}, {"XDG_CONFIG_HOME", ""}, {"GIT_CONFIG_NOSYSTEM", "1"}};
  return run_program(argv, options).ended.shell_status() == 0;
}

// All files of the tree that git would not show: relative, sorted.
std::set<std::string> ignored_by_git(const fs::path& root) {
  static const fs::path kGit = find_program("git");
  ProcessOptions options;
  options.environment = {
      {"HOME", root.string()}, {"XDG_CONFIG_HOME", ""}, {"GIT_CONFIG_NOSYSTEM", "1"}};
  const auto listed = run_program({kGit.string(), "-C", root.string(), "-c", "core.quotePath=false",
                                   "ls-files", "--others", "--ignored", "--exclude-standard"},
                                  options);
  REQUIRE(listed.ended.shell_status() == 0);
  std::set<std::string> files;
  for (std::size_t from = 0; from < listed.output.size();) {
    const std::size_t end = listed.output.find('\n', from);
    files.insert(listed.output.substr(from, end - from));
    from = end + 1;
  }
  return files;
}

std::set<std::string> ignored_by_us(const fs::path& root) {
  IgnoreRules rules(root, {}, root / ".config/git/ignore");
  std::set<std::string> files;
  for (const auto& entry : fs::recursive_directory_iterator(root)) {
    const std::string path = entry.path().lexically_relative(root);
    if (path == ".git" || path.starts_with(".git/") || entry.is_directory()) continue;
    if (rules.ignores(entry.path(), false)) files.insert(path);
  }
  return files;
}

bool ignores(IgnoreRules& rules, const fs::path& root, const std::string& path) {
  return rules.ignores(root / path, fs::is_directory(root / path));
}

}  // namespace

TEST_CASE("ignore rules: as git has them, at every level, for a tree of the usual kind") {
  if (find_program("git").empty()) {
    WARN("git is not installed: its rules are tested by the tables alone");
    return;
  }
  TempDir root;
  REQUIRE(git(root.path(), {"init", "-q"}));
  write(root / ".gitignore",
        "# build output\n/dist/\nnode_modules/\n*.log\n!keep.log\nbuild\nsrc/generated/*\n"
        "!src/generated/kept.js\n**/cache/**\n\\#odd\n\\!odd\nend\\ \ntrail   \n[ab].tmp\nq?.txt\n"
        "deep/**/leaf\n.env*\n!.env.example\ncr\r\n");
  write(root / "src/.gitignore", "local.js\n/only-here.js\n!special.log\n");
  write(root / ".git/info/exclude", "excluded.js\n");
  write(root / ".config/git/ignore", "*.user\n");
  for (const char* file : {"app.js",
                           "dist/a.js",
                           "src/dist/a.js",
                           "node_modules/x/i.js",
                           "src/node_modules/y/i.js",
                           "a.log",
                           "keep.log",
                           "src/a.log",
                           "src/keep.log",
                           "src/special.log",
                           "build",
                           "src/build/x",
                           "src/generated/a.js",
                           "src/generated/kept.js",
                           "src/generated/sub/kept.js",
                           "src/local.js",
                           "local.js",
                           "src/sub/local.js",
                           "src/only-here.js",
                           "src/sub/only-here.js",
                           "src/cache/deep/a",
                           "cache/a",
                           "#odd",
                           "!odd",
                           "end ",
                           "trail",
                           "a.tmp",
                           "c.tmp",
                           "q1.txt",
                           "q12.txt",
                           "deep/leaf",
                           "deep/a/b/leaf",
                           "deep/leaf2",
                           ".env",
                           ".env.local",
                           ".env.example",
                           "cr",
                           "excluded.js",
                           "src/excluded.js",
                           "me.user",
                           "src/.hidden"})
    write(root / file);
  CHECK(ignored_by_us(root.path()) == ignored_by_git(root.path()));
}

TEST_CASE("ignore rules: as git has them, for random rules and files") {
  if (find_program("git").empty()) {
    WARN("git is not installed: its rules are tested by the tables alone");
    return;
  }
  std::mt19937 dice(20'261'129);
  const auto one_of = [&](const std::vector<std::string>& words) {
    return words[dice() % words.size()];
  };
  const std::vector<std::string> names{"a", "b", "ab", "a.js", "b.js", ".c"};
  const std::vector<std::string> globs{"*",     "?", "a*", "*.js", "[ab]",
                                       "[!a]*", "a", "b",  "**",   ".*"};
  for (int round = 0; round < 25; ++round) {
    TempDir root;
    REQUIRE(git(root.path(), {"init", "-q"}));
    for (int i = 0; i < 40; ++i) {
      fs::path file = root.path();
      for (std::uint32_t depth = dice() % 4; depth > 0; --depth)
        file /= "d" + one_of(names);
      write(file / one_of(names));
    }
    for (const char* where : {"", "da/", "db/"}) {
      std::string rules;
      for (int i = 0; i < 4; ++i) {
        std::string rule = dice() % 4 == 0 ? "!" : "";
        if (dice() % 4 == 0) rule += "/";
        rule += one_of(globs);
        if (dice() % 2 == 0) rule += "/" + one_of(globs);
        if (dice() % 4 == 0) rule += "/";
        rules += rule + "\n";
      }
      write(root / (std::string(where) + ".gitignore"), rules);
      INFO(where << ":\n" << rules);
    }
    CAPTURE(round);
    REQUIRE(ignored_by_us(root.path()) == ignored_by_git(root.path()));
  }
}

TEST_CASE("ignore rules: the program's own come first, and bring back what git ignores") {
  TempDir root;
  write(root / ".gitignore", "dist/\n*.gen.js\n");
  for (const char* file : {"dist/app.js", "dist/app.log", "a.gen.js", "data/b.js", "src/c.js"})
    write(root / file);
  IgnoreRules rules(root.path(), {"!dist/", "*.log", "/data"}, {});
  CHECK_FALSE(ignores(rules, root.path(), "dist"));
  CHECK_FALSE(ignores(rules, root.path(), "dist/app.js"));
  CHECK(ignores(rules, root.path(), "dist/app.log"));
  CHECK(ignores(rules, root.path(), "a.gen.js"));
  CHECK(ignores(rules, root.path(), "data/b.js"));
  CHECK_FALSE(ignores(rules, root.path(), "src/c.js"));
}

TEST_CASE("ignore rules: without a repository .gitignore counts too, and version control never") {
  TempDir root;
  write(root / ".gitignore", "out/\n");
  for (const char* file : {"out/a", "src/a", ".git/HEAD", ".hg/store", "sub/.svn/entries"})
    write(root / file);
  fs::remove_all(root / ".git");
  IgnoreRules rules(root.path(), {}, {});
  CHECK(ignores(rules, root.path(), "out/a"));
  CHECK_FALSE(ignores(rules, root.path(), "src/a"));
  for (const char* file : {".git/HEAD", ".hg/store", "sub/.svn/entries"})
    CHECK(ignores(rules, root.path(), file));
}

TEST_CASE("ignore rules: what editors write beside a file") {
  TempDir root;
  IgnoreRules rules(root.path(), {}, {});
  for (const char* file : {"a.js~", ".a.js.swp", ".a.js.swx", "4913", ".#a.js", "#a.js#",
                           "a.js___jb_tmp___", "sub/.DS_Store"})
    CHECK(ignores(rules, root.path(), file));
  for (const char* file : {"a.js", ".env", "4914", "a#b.js"})
    CHECK_FALSE(ignores(rules, root.path(), file));
}

TEST_CASE("ignore rules: a directory that is watched by name counts, though git ignores it") {
  TempDir root;
  fs::create_directories(root / ".git");
  write(root / ".gitignore", "dist/\n*.map\n");
  write(root / "dist/app.js");
  IgnoreRules rules(root / "dist", {}, {});
  CHECK_FALSE(ignores(rules, root / "dist", "app.js"));
  CHECK(ignores(rules, root / "dist", "app.js.map"));
}

TEST_CASE("ignore rules: a worktree has the exclude file of its repository") {
  TempDir root;
  fs::create_directories(root / "main/.git/worktrees/w");
  write(root / "main/.git/info/exclude", "private\n");
  write(root / "main/.git/worktrees/w/commondir", "../..\n");
  write(root / "w/.git", "gitdir: " + (root / "main/.git/worktrees/w").string() + "\n");
  IgnoreRules rules(root / "w", {}, {});
  CHECK(ignores(rules, root / "w", "private"));
  CHECK_FALSE(ignores(rules, root / "w", "public"));
}

TEST_CASE("ignore rules: changed files count after forget(), and what cannot be read is empty") {
  TempDir root;
  IgnoreRules rules(root.path(), {}, root / "none");
  CHECK_FALSE(ignores(rules, root.path(), "a.js"));
  write(root / ".gitignore", "a.js\n");
  CHECK_FALSE(ignores(rules, root.path(), "a.js"));
  rules.forget();
  CHECK(ignores(rules, root.path(), "a.js"));
  fs::remove(root / ".gitignore");
  fs::create_directories(root / ".gitignore");
  rules.forget();
  CHECK_FALSE(ignores(rules, root.path(), "a.js"));
}

TEST_CASE("the user's ignore file is where git looks for it") {
  using supervisor::watch::user_ignore_file;
  CHECK(user_ignore_file({}).empty());
  CHECK(user_ignore_file({{"HOME", "/home/x"}}) == "/home/x/.config/git/ignore");
  CHECK(user_ignore_file({{"HOME", "/home/x"}, {"XDG_CONFIG_HOME", "/c"}}) == "/c/git/ignore");
}
