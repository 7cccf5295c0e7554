// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/gate.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast::supervisor::alerts {

namespace {

constexpr double kBurst = 3;
constexpr double kPerSecond = 1;
constexpr Duration kLeastPause = std::chrono::milliseconds(100);

double in_seconds(Duration duration) {
  return std::chrono::duration<double>(duration).count();
}

Duration to_duration(double seconds) {
  return std::chrono::ceil<std::chrono::milliseconds>(std::chrono::duration<double>(seconds));
}

}  // namespace

Duration full_jitter(std::uint32_t failures, double random) {
  const double most = std::min(in_seconds(kBackoffCap),
                               in_seconds(kBackoffBase) * std::exp2(std::min(failures, 32u) - 1.0));
  return std::max(kLeastPause, to_duration(most * std::clamp(random, 0.0, 1.0)));
}

double Gate::tokens_at(MonoTime now) const {
  return std::min(kBurst, tokens_ + std::max(0.0, in_seconds(now - counted_at_)) * kPerSecond);
}

MonoTime Gate::opens_at(MonoTime now) const {
  const double missing = 1 - tokens_at(now);
  // A sum of fractions may fall short of 1 by a hair.
  constexpr double kHair = 1e-6;
  const MonoTime token = missing <= kHair ? now : now + to_duration(missing / kPerSecond);
  return std::max(token, closed_until_);
}

void Gate::attempted(MonoTime now) {
  tokens_ = tokens_at(now) - 1;
  counted_at_ = now;
}

void Gate::answered() {
  failures_ = 0;
}

void Gate::failed(MonoTime now, double random) {
  failures_ = std::min(failures_ + 1, 32u);
  closed_until_ = std::max(closed_until_, now + full_jitter(failures_, random));
}

void Gate::limited(MonoTime now, std::optional<Duration> wait, double random) {
  failures_ = std::min(failures_ + 1, 32u);
  const Duration pause = wait ? std::max(*wait, kLeastPause) : full_jitter(failures_, random);
  closed_until_ = std::max(closed_until_, now + std::min(pause, kLongestPause));
}

void Gate::suspend(MonoTime now) {
  closed_until_ = now + kSuspension;
}

void Gate::reset() {
  failures_ = 0;
  closed_until_ = {};
}

}  // namespace holdfast::supervisor::alerts
