// SPDX-License-Identifier: Apache-2.0
#pragma once

// WatchedTree: the directories that the patterns of all programs reach, watched with inotify. What
// is ignored is not watched at all, so that node_modules costs nothing. Symbolic links are not
// followed, as git does not.
//
// A directory that a pattern begins in may be missing, or be removed and made again: retry() looks.
// Where inotify has no room left, what can be watched is watched, and the rest is a problem.
//
// Threads: one.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"
#include "supervisor/watch/ignore_rules.hpp"
#include "supervisor/watch/interest.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace holdfast::supervisor::watch {

class WatchedTree {
 public:
  // A change of a file that a pattern matches. `file`: for people.
  using OnChange = std::function<void(const std::string& program, const std::string& file)>;

  // Once `stop` is set, a scan ends early.
  WatchedTree(std::vector<Interest> interests, const std::filesystem::path& user_ignore_file,
              OnChange on_change, const std::atomic<bool>& stop);

  // Watches what there is. Fails if inotify is not to be had.
  Result<void> open();
  int fd() const { return inotify_.get(); }
  // Reads what has happened; to be called when the descriptor is readable.
  void read();
  // Whether a directory is missing that a pattern begins in.
  bool incomplete() const;
  void retry();

  std::size_t directories(const std::string& program) const;
  // What is not watched, and what to do; empty: all is.
  std::string problem(const std::string& program) const;

 private:
  struct Root {
    Interest interest;
    IgnoreRules ignore;
    bool missing = false;
    std::string problem;
  };
  // A watched directory may lie in the trees of several interests.
  struct Place {
    std::filesystem::path path;
    std::set<std::size_t> roots;
  };
  enum class Files { Told, Silent };

  void add(std::size_t root, const std::filesystem::path& directory, Files files);
  bool watch_directory(std::size_t root, const std::filesystem::path& directory);
  void on_event(int watch, std::uint32_t mask, const std::string& name);
  void on_directory(const Place& place, std::uint32_t mask, const std::filesystem::path& path);
  void on_gone(int watch);
  void forget_below(const std::filesystem::path& directory);
  void consider(std::size_t root, const std::filesystem::path& path);
  void tell(std::size_t root, const std::filesystem::path& path);
  bool reaches(const Root& root, const std::string& directory) const;
  void rescan(Files files);
  void note_problem(Root& root, int os_error, const std::filesystem::path& directory);

  std::vector<Root> roots_;
  OnChange on_change_;
  const std::atomic<bool>& stop_;
  Fd inotify_;
  std::map<int, Place> watches_;
};

}  // namespace holdfast::supervisor::watch
