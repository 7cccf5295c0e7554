// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/slots.hpp"

#include <algorithm>
#include <thread>

namespace holdfast::embedding {

namespace {
constexpr Duration kAskEach = std::chrono::milliseconds(100);
}

void Slots::Release::operator()(Slots* slots) const {
  {
    const std::lock_guard lock(slots->mutex_);
    ++slots->free_;
  }
  slots->released_.notify_one();
}

Slots::Slot Slots::take(std::optional<MonoTime> deadline, const std::function<bool()>& go_on) {
  std::unique_lock lock(mutex_);
  while (free_ == 0) {
    const MonoTime now = MonoTime::clock::now();
    if (deadline && now >= *deadline) return nullptr;
    released_.wait_until(lock, std::min(now + kAskEach, deadline.value_or(MonoTime::max())));
    if (!go_on || free_ > 0) continue;
    lock.unlock();
    const bool goes_on = go_on();
    lock.lock();
    if (!goes_on) return nullptr;
  }
  --free_;
  return Slot(this);
}

bool pause(Duration duration, std::optional<MonoTime> deadline,
           const std::function<bool()>& go_on) {
  const MonoTime end = MonoTime::clock::now() + duration;
  if (deadline && *deadline < end) return false;
  for (MonoTime now = MonoTime::clock::now(); now < end; now = MonoTime::clock::now()) {
    if (go_on && !go_on()) return false;
    std::this_thread::sleep_until(std::min(end, now + kAskEach));
  }
  return !go_on || go_on();
}

}  // namespace holdfast::embedding
