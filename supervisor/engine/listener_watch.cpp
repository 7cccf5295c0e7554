// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/listener_watch.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

namespace holdfast::supervisor {

namespace {

using namespace std::chrono_literals;
using sockets::ListenerSet;

constexpr Duration kRemembered = 5min;
// A program that shuts down whatever it gets must not have the others restarted all the time.
// The time doubles with each replacement, as long as they are remembered.
constexpr Duration kAfterFirstReplacement = 1s;
constexpr Duration kAfterReplacement = 30s;

std::string describe(const ListenerSet::Repair& repair) {
  using Outcome = ListenerSet::Repair::Outcome;
  const std::string done =
      repair.file_gone
          ? fmt::format("the file of the listener '{}' was removed or replaced", repair.name)
      : repair.options.empty()
          ? fmt::format("a program has shut down the listener '{}' that it shares", repair.name)
          : fmt::format("a program has made the listener '{}' that it shares deaf ({})",
                        repair.name, repair.options);
  switch (repair.outcome) {
    case Outcome::Failed:
      return fmt::format("{}, and it cannot be opened anew: {}; trying again each second", done,
                         repair.why);
    case Outcome::Replaced:
      return done + ": it was opened anew, and the programs that have it are restarted";
    case Outcome::SetBack: return done + ": that was undone";
    case Outcome::Revived: return done + ": it was opened anew";
  }
  return done;
}

}  // namespace

ListenerWatch::ListenerWatch(ListenerSet& listeners, Reporter& reporter, LoopMetrics& metrics,
                             std::function<void(const std::string&)> replaced)
    : listeners_(listeners),
      reporter_(reporter),
      metrics_(metrics),
      replaced_(std::move(replaced)) {}

bool ListenerWatch::check(MonoTime now) {
  const bool forgotten = forget(now);
  std::set<std::string> held;
  for (const auto& [name, pause] : pauses_) {
    if (now < pause.until) held.insert(name);
  }
  const std::vector<ListenerSet::Repair> repairs = listeners_.repair(held);
  for (const ListenerSet::Repair& repair : repairs)
    note(repair, now);
  return forgotten || !repairs.empty();
}

void ListenerWatch::note(const ListenerSet::Repair& repair, MonoTime now) {
  using Outcome = ListenerSet::Repair::Outcome;
  const bool failed = repair.outcome == Outcome::Failed;
  const std::string what = describe(repair);
  const auto known = troubles_.find(repair.name);
  const bool repeated = failed && known != troubles_.end() && known->second.message == what;
  const MonoTime since = repeated ? known->second.since : now;
  troubles_.insert_or_assign(repair.name, ListenerTrouble{repair.name, what, !failed, since, now});
  if (!repeated)
    reporter_.record(failed ? "listener_lost" : "listener_reopened", what, log::Level::Error);
  if (failed) return;
  metrics_.count_reopened_listener(repair.name);
  if (repair.outcome != Outcome::Replaced) return;
  Pause& pause = pauses_[repair.name];
  pause.length = pause.length == Duration::zero() ? kAfterFirstReplacement
                                                  : std::min(2 * pause.length, kAfterReplacement);
  pause.until = now + pause.length;
  replaced_(repair.name);
}

bool ListenerWatch::forget(MonoTime now) {
  std::erase_if(pauses_, [&](const auto& entry) { return now - entry.second.until > kRemembered; });
  return std::erase_if(troubles_, [&](const auto& entry) {
           return now - entry.second.last_seen > (entry.second.reopened ? kRemembered : 2s);
         }) > 0;
}

std::vector<ListenerTrouble> ListenerWatch::troubles() const {
  std::vector<ListenerTrouble> result;
  for (const auto& [name, trouble] : troubles_)
    result.push_back(trouble);
  return result;
}

}  // namespace holdfast::supervisor
