// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/circuit_breaker.hpp"

#include <algorithm>
#include <cmath>

namespace holdfast::embedding {

namespace {

constexpr Duration kShortestLimit = std::chrono::milliseconds(250);
// While a probe is under way nobody knows how long it takes.
constexpr Duration kWhileProbing = std::chrono::milliseconds(100);

// first x 2^(n - 1), at most `longest`, less up to a quarter of it: those who were refused together
// do not come back together.
Duration growing(Duration first, Duration longest, std::int32_t n, double random) {
  const double doubled =
      static_cast<double>(first.count()) * std::exp2(static_cast<double>(std::min(n, 60) - 1));
  const double capped = std::min(static_cast<double>(longest.count()), doubled);
  return Duration(static_cast<Duration::rep>(capped * (1 - random / 4)));
}

}  // namespace

CircuitBreaker::Permit CircuitBreaker::ask(MonoTime now) {
  if (now < limited_until_) {
    if (probing_ || now < limited_probe_ || (open_ && now < until_)) return Permit::No;
    probing_ = true;
    limited_probe_ = now + settings_.longest_wait;
    return Permit::Probe;
  }
  if (!open_) return Permit::Go;
  if (probing_ || now < until_) return Permit::No;
  probing_ = true;
  return Permit::Probe;
}

void CircuitBreaker::succeeded() {
  // What a request brings that was under way when it was limited says nothing about the wait.
  if (probing_) limited_until_ = {};
  open_ = probing_ = false;
  failures_ = 0;
  openings_ = limits_ = 0;
  reason_.clear();
}

void CircuitBreaker::failed(MonoTime now, const std::string& reason, double random) {
  ++failures_;
  if (open_ && !probing_) return;  // one that was under way when it opened
  if (open_ || failures_ >= settings_.failures) return open(now, reason, random);
  probing_ = false;
}

void CircuitBreaker::open(MonoTime now, const std::string& reason, double random) {
  reason_ = reason;
  if (open_ && !probing_) return;
  open_ = true;
  probing_ = false;
  until_ = now + growing(settings_.first_wait, settings_.longest_wait, ++openings_, random);
}

void CircuitBreaker::limited(MonoTime now, std::optional<Duration> wait, const std::string& reason,
                             double random) {
  // Those that were sent together are refused together: that is one refusal.
  if (limits_ == 0) limited_since_ = now;
  if (now >= limited_until_ || probing_) ++limits_;
  probing_ = false;
  Duration time = growing(settings_.first_wait, settings_.longest_wait, limits_, random);
  if (wait && *wait > Duration::zero()) {
    const Duration asked = std::clamp(*wait, kShortestLimit, settings_.longest_limit);
    // A server that goes on refusing after the time that it asked for has asked for too little.
    time = limits_ > 1 ? std::max(asked, time) : asked;
  }
  if (now >= limited_until_) limited_probe_ = now + settings_.longest_wait;
  limited_until_ = std::max(limited_until_, now + time);
  limit_reason_ = reason;
  if (!open_ && now - limited_since_ >= settings_.outage_after) {
    open_ = true;
    until_ = std::min(limited_until_, limited_probe_);
    reason_ = reason;
  }
}

void CircuitBreaker::given_up() {
  probing_ = false;
}

CircuitBreaker::View CircuitBreaker::view(MonoTime now) const {
  View view;
  view.up = !open_;
  view.limited = now < limited_until_;
  const MonoTime next =
      std::max(open_ ? until_ : MonoTime{}, std::min(limited_until_, limited_probe_));
  const bool is_closed = !open_ && !view.limited;
  view.wait = std::max(Duration::zero(), Duration(next - now));
  view.may_probe = !is_closed && !probing_ && view.wait == Duration::zero();
  if (!is_closed && probing_) {
    // Its answer, or the end of what was asked for, whichever comes first.
    view.wait = open_ ? std::max(view.wait, kWhileProbing)
                      : std::min(Duration(limited_until_ - now), kWhileProbing);
  }
  view.takes = !open_ && !view.limited;
  if (open_) view.reason = reason_;
  if (!open_ && view.limited) view.reason = limit_reason_;
  return view;
}

}  // namespace holdfast::embedding
