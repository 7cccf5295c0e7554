// SPDX-License-Identifier: Apache-2.0
#pragma once

// IgnoreRules: which files a watch leaves out, as git would: the rules of .gitignore in every
// directory, of the repository's .git/info/exclude and of the user's own ignore file. A test holds
// them against `git check-ignore`. Where there is no repository, the .gitignore files from the
// watched directory downward count all the same: a container has the sources without .git.
//
// Before all of these come the program's own rules (watch_ignore), which may bring back what git
// ignores; after them a few for what editors write beside a file. Whether a file is tracked by git
// does not matter. The directories of version control are never looked into.
//
// Threads: one. Files are read when they are first needed, and again after forget().

#include "common/text/path_pattern.hpp"

#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::watch {

// The rules of one ignore file, in its order.
class IgnoreFile {
 public:
  IgnoreFile() = default;
  explicit IgnoreFile(std::string_view text);

  enum class Verdict { None, Ignored, Kept };
  // `path`: relative to the directory that the rules are for. The last rule that matches decides.
  Verdict judge(std::string_view path, bool is_directory) const;

 private:
  struct Rule {
    text::PathPattern pattern;
    bool directories_only;
    bool keeps;  // "!pattern"
  };
  void add(std::string_view line);
  std::vector<Rule> rules_;
};

class IgnoreRules {
 public:
  // `directory`: absolute; itself never ignored. `own`: lines, relative to it. `user_file`: where
  // git has the user's ignore file; empty: none.
  IgnoreRules(std::filesystem::path directory, const std::vector<std::string>& own,
              std::filesystem::path user_file);

  // `path`: absolute, below the directory. What is in an ignored directory is ignored, too.
  bool ignores(const std::filesystem::path& path, bool is_directory);
  // An ignore file has changed.
  void forget() { files_.clear(); }

 private:
  bool ignores_itself(const std::filesystem::path& path, bool is_directory);
  const IgnoreFile& file(const std::filesystem::path& path);

  std::filesystem::path directory_;
  std::filesystem::path root_;     // of the working tree, or the directory
  std::filesystem::path exclude_;  // .git/info/exclude; empty: no repository
  std::filesystem::path user_file_;
  IgnoreFile own_;
  std::map<std::filesystem::path, IgnoreFile> files_;
};

// $XDG_CONFIG_HOME/git/ignore or ~/.config/git/ignore, where git looks by default.
std::filesystem::path user_ignore_file(const std::map<std::string, std::string>& environment);

}  // namespace holdfast::supervisor::watch
