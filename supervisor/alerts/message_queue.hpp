// SPDX-License-Identifier: Apache-2.0
#pragma once

// MessageQueue: the queue of a receiver that people read. Of each alert only the newest state
// waits: a newer notification takes its alerts out of those that wait, and the place of one that is
// left with none. At most kMostQueued wait; beyond that the oldest resolved one is dropped, then
// the oldest. A failed one goes behind the others, so that one message that a receiver chokes on
// holds up none. What could not be delivered for kGiveUpAfter becomes part of one summary, which is
// tried until it arrives, and so finds out when the receiver is back.
//
// Threads: one owner; pure.

#include "supervisor/alerts/queue.hpp"

#include <deque>

namespace holdfast::supervisor::alerts {

class MessageQueue final : public Queue {
 public:
  // `receiver`: for the ids of summaries.
  explicit MessageQueue(std::string receiver) : receiver_(std::move(receiver)) {}

  void restore(std::vector<StoredEntry> entries, const Now& now) override;
  void push(Notification notification, const Now& now) override;
  std::optional<QueueAttempt> next(const Now& now) override;
  void finished(const Verdict& verdict, const Now& now, double random) override;
  void abandoned() override { in_flight_.reset(); }
  std::optional<MonoTime> wake_at(const Now& now) const override;
  void retain(const std::vector<AlertKey>&) override {}
  std::size_t length() const override { return entries_.size(); }
  bool holds(const std::string& notification) const override;

 private:
  struct Entry {
    StoredEntry stored;
    MonoTime since;
    MonoTime not_before{};
    std::uint32_t attempts = 0;
    std::uint64_t turn = 0;  // the lowest is next
    bool minimal = false;
    bool is_summary() const { return stored.given_up > 0; }
  };
  using Entries = std::deque<Entry>;

  Entry* find(std::int64_t number);
  bool is_in_flight(const Entry& entry) const;
  // Takes what `newer` says out of `older`. True: nothing of it is left.
  bool supersede(Entry& older, Entry& newer);
  void supersede_by_newer(std::int64_t number);
  void make_room();
  void drop(Entries::iterator entry, const std::string& reason);
  void give_up_old_ones(const Verdict& verdict, const Now& now);
  void add_to_summary(StoredEntry given_up, const Now& now);
  void finish(std::int64_t number, QueueOutcome::Kind kind, const std::string& reason);

  const std::string receiver_;
  Entries entries_;  // by number
  std::optional<std::int64_t> in_flight_;
  std::int64_t last_number_ = 0;
  std::uint64_t last_turn_ = 0;
};

}  // namespace holdfast::supervisor::alerts
