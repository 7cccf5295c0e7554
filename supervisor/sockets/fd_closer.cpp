// SPDX-License-Identifier: Apache-2.0
#include "supervisor/sockets/fd_closer.hpp"

#include "common/os/signal_mask.hpp"
#include "common/os/thread.hpp"

#include <deque>
#include <iterator>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

namespace holdfast::supervisor::sockets {

struct FdCloser::State {
  std::mutex mutex;
  std::deque<Fd> waiting;
  bool running = false;  // there is a thread, and it has not found `waiting` empty
};

FdCloser::FdCloser() : state_(std::make_shared<State>()) {}
FdCloser::~FdCloser() = default;

bool FdCloser::has_room() const {
  const std::lock_guard lock(state_->mutex);
  return state_->waiting.size() + kMostAtOnce <= kMostWaiting;
}

void FdCloser::close(std::vector<Fd> descriptors) {
  if (descriptors.empty()) return;
  const std::lock_guard lock(state_->mutex);
  std::move(descriptors.begin(), descriptors.end(), std::back_inserter(state_->waiting));
  if (state_->running) return;
  try {
    const SignalsBlocked inherited;
    std::thread([state = state_] {
      prepare_thread("fd-closer");
      run(*state);
    }).detach();
    state_->running = true;
  } catch (const std::system_error&) {
    // No thread can be had: they wait for the next ones to come.
  }
}

void FdCloser::run(State& state) {
  std::unique_lock lock(state.mutex);
  while (!state.waiting.empty()) {
    Fd next = std::move(state.waiting.front());
    state.waiting.pop_front();
    lock.unlock();
    next.reset();
    lock.lock();
  }
  state.running = false;
}

}  // namespace holdfast::supervisor::sockets
