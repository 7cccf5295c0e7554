// SPDX-License-Identifier: Apache-2.0
#pragma once

// StateQueue: the queue of a receiver that keeps its own account of what fires, such as
// Alertmanager, and forgets what it does not hear of. All alerts go out together: at once when one
// is new or has changed, and again each minute while any is left. A resolved one is repeated for
// kRepeatResolved, in case the receiver was restarted, and is then forgotten. At most
// kMostTracked are kept: beyond that the oldest resolved one goes, then the oldest.
//
// Threads: one owner; pure.

#include "supervisor/alerts/queue.hpp"

#include <map>

namespace holdfast::supervisor::alerts {

inline constexpr Duration kRepeatFiring = std::chrono::minutes(1);
inline constexpr Duration kRepeatResolved = std::chrono::minutes(5);
inline constexpr std::size_t kMostTracked = 1000;

class StateQueue final : public Queue {
 public:
  explicit StateQueue(std::string receiver) : receiver_(std::move(receiver)) {}

  void restore(std::vector<StoredEntry> entries, const Now& now) override;
  void push(Notification notification, const Now& now) override;
  std::optional<QueueAttempt> next(const Now& now) override;
  void finished(const Verdict& verdict, const Now& now, double random) override;
  void abandoned() override;
  std::optional<MonoTime> wake_at(const Now& now) const override;
  void retain(const std::vector<AlertKey>& firing) override;
  std::size_t length() const override { return tracked_.size(); }
  bool holds(const std::string& notification) const override;

 private:
  struct Tracked {
    StoredEntry stored;                 // a notification with this alert alone
    std::optional<MonoTime> forget_at;  // of a resolved one
  };
  struct Pending {  // a notification without an outcome
    std::string id;
    WallTime made_at;
    MonoTime since;
    bool in_flight = false;
  };
  void track(const Notification& notification, const Alert& alert, const Now& now);
  bool is_pending(const std::string& id) const;
  void make_room();
  // What has an outcome needs no other after a restart.
  void forget_told();
  // Of notifications that no alert is left of.
  void drop_orphans(const std::string& reason);
  void give_up_old_ones(const Verdict& verdict, const Now& now);

  const std::string receiver_;
  std::map<AlertKey, Tracked> tracked_;
  std::vector<Pending> pending_;
  std::optional<MonoTime> told_at_;  // nothing: there is news
  bool in_flight_ = false;
  bool minimal_ = false;
  std::int64_t last_number_ = 0;
};

}  // namespace holdfast::supervisor::alerts
