// SPDX-License-Identifier: Apache-2.0
#pragma once

// FileWatcher: a thread that watches the files of programs, for as long as any program has some. A
// thread of its own, because looking through a tree may take seconds on a slow disk.
//
// Threads: watch() and the destructor by one owner. They wait for the thread to end, which it does
// between two directories, but for no more than a second: one that hangs on a dead disk is left
// behind, silent. The callbacks are made on the thread, and never after either has returned.

#include "supervisor/state/watch_state.hpp"
#include "supervisor/watch/interest.hpp"
#include "supervisor/watch/watched_tree.hpp"

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::supervisor::watch {

class FileWatcher {
 public:
  using OnState = std::function<void(WatchStates states)>;

  // `on_state`: after the first look at all directories, and when their number or a problem
  // changes.
  FileWatcher(std::filesystem::path user_ignore_file, WatchedTree::OnChange on_change,
              OnState on_state);
  FileWatcher(const FileWatcher&) = delete;
  FileWatcher& operator=(const FileWatcher&) = delete;
  ~FileWatcher();

  // Watches these from now on, and no others. Does nothing if they are the same as before.
  void watch(std::vector<Interest> interests);

 private:
  class Task;  // what the thread does, shared with it

  void stop();

  const std::filesystem::path user_ignore_file_;
  const WatchedTree::OnChange on_change_;
  const OnState on_state_;
  std::vector<Interest> interests_;
  std::shared_ptr<Task> task_;  // null: nothing is watched
  std::thread thread_;
};

}  // namespace holdfast::supervisor::watch
