// SPDX-License-Identifier: Apache-2.0
#include "supervisor/watch/file_watcher.hpp"

#include "common/os/fd.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <utility>

namespace holdfast::supervisor::watch {

namespace {

constexpr int kRetryMilliseconds = 1000;  // for a directory that is missing
constexpr std::chrono::seconds kPatience{1};

WatchStates all_with_problem(const std::vector<Interest>& interests, const std::string& problem) {
  WatchStates states;
  for (const Interest& interest : interests)
    states[interest.program].problem = problem;
  return states;
}

}  // namespace

class FileWatcher::Task {
 public:
  Task(std::vector<Interest> interests, std::filesystem::path user_ignore_file,
       WatchedTree::OnChange on_change, OnState on_state)
      : interests_(std::move(interests)),
        user_ignore_file_(std::move(user_ignore_file)),
        on_change_(std::move(on_change)),
        on_state_(std::move(on_state)),
        wake_(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {}

  // On the thread. What goes wrong ends the watch and nothing else.
  void run() {
    try {
      watch();
    } catch (const std::exception& error) {
      tell(all_with_problem(interests_, error.what()));
    }
    const std::lock_guard lock(mutex_);
    ended_ = true;
    has_ended_.notify_all();
  }

  // By the owner. Returns whether the thread has ended; if not, it is silent from now on.
  bool stop() {
    stop_ = true;
    const std::uint64_t one = 1;
    [[maybe_unused]] const auto written = ::write(wake_.get(), &one, sizeof one);
    std::unique_lock lock(mutex_);
    has_ended_.wait_for(lock, kPatience, [this] { return ended_; });
    silent_ = true;
    return ended_;
  }

 private:
  void watch() {
    if (!wake_) throw std::system_error(errno, std::generic_category(), "eventfd");
    WatchedTree tree(
        interests_, user_ignore_file_,
        [this](const std::string& program, const std::string& file) {
          const std::lock_guard lock(mutex_);
          if (!silent_) on_change_(program, file);
        },
        stop_);
    if (const auto opened = tree.open(); !opened)
      return tell(all_with_problem(interests_, opened.error().message));
    tell_states(tree);
    while (!stop_) {
      pollfd descriptors[] = {{tree.fd(), POLLIN, 0}, {wake_.get(), POLLIN, 0}};
      const int ready = ::poll(descriptors, 2, tree.incomplete() ? kRetryMilliseconds : -1);
      if (ready < 0 && errno != EINTR) throw std::system_error(errno, std::generic_category());
      if (tree.incomplete()) tree.retry();
      if (ready > 0 && descriptors[0].revents != 0) tree.read();
      tell_states(tree);
    }
  }

  void tell_states(const WatchedTree& tree) {
    WatchStates states;
    for (const Interest& interest : interests_)
      states[interest.program] = {true, tree.directories(interest.program),
                                  tree.problem(interest.program)};
    if (stop_ || states == told_) return;
    told_ = states;
    tell(std::move(states));
  }

  void tell(WatchStates states) {
    const std::lock_guard lock(mutex_);
    if (!silent_) on_state_(std::move(states));
  }

  const std::vector<Interest> interests_;
  const std::filesystem::path user_ignore_file_;
  const WatchedTree::OnChange on_change_;
  const OnState on_state_;
  const Fd wake_;  // an eventfd
  std::atomic<bool> stop_{false};
  WatchStates told_;

  std::mutex mutex_;
  std::condition_variable has_ended_;
  bool ended_ = false;
  bool silent_ = false;
};

FileWatcher::FileWatcher(std::filesystem::path user_ignore_file, WatchedTree::OnChange on_change,
                         OnState on_state)
    : user_ignore_file_(std::move(user_ignore_file)),
      on_change_(std::move(on_change)),
      on_state_(std::move(on_state)) {}

FileWatcher::~FileWatcher() {
  stop();
}

void FileWatcher::watch(std::vector<Interest> interests) {
  if (interests == interests_) return;
  stop();
  interests_ = std::move(interests);
  if (interests_.empty()) return on_state_({});
  task_ = std::make_shared<Task>(interests_, user_ignore_file_, on_change_, on_state_);
  try {
    thread_ = std::thread([task = task_] { task->run(); });
  } catch (const std::system_error& error) {
    task_.reset();
    on_state_(all_with_problem(interests_, std::string("no thread: ") + error.what()));
  }
}

void FileWatcher::stop() {
  if (!task_) return;
  if (task_->stop()) {
    thread_.join();
  } else {
    thread_.detach();
  }
  task_.reset();
}

}  // namespace holdfast::supervisor::watch
