// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/silences.hpp"

#include "common/text/glob.hpp"

#include <algorithm>

namespace holdfast::supervisor::alerts {

namespace {

bool matches(const Silence& silence, const Alert& alert) {
  if (!text::glob_match(silence.name, alert.key.name)) return false;
  // "api-worker" is the program and each of its workers.
  return silence.target.empty() || text::glob_match(silence.target, alert.key.target) ||
         text::glob_match(silence.target, alert.program);
}

}  // namespace

void Silences::add(Silence silence) {
  remove(silence.name, silence.target);
  silences_.push_back(std::move(silence));
}

std::size_t Silences::remove(const std::string& name, const std::string& target) {
  return std::erase_if(silences_, [&](const Silence& silence) {
    return silence.name == name && (target.empty() || silence.target == target);
  });
}

bool Silences::expire(WallTime now) {
  return std::erase_if(silences_, [&](const Silence& one) { return one.until <= now; }) > 0;
}

std::optional<WallTime> Silences::until(const Alert& alert, WallTime now) const {
  std::optional<WallTime> latest;
  for (const Silence& silence : silences_) {
    if (silence.until <= now || !matches(silence, alert)) continue;
    latest = std::max(latest.value_or(silence.until), silence.until);
  }
  return latest;
}

}  // namespace holdfast::supervisor::alerts
