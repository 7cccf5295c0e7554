// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/receiver_thread.hpp"

#include "common/base/duration.hpp"
#include "common/base/id.hpp"
#include "supervisor/alerts/message_queue.hpp"
#include "supervisor/alerts/state_queue.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>

namespace holdfast::supervisor::alerts {

namespace {

std::unique_ptr<Queue> make_queue(const ReceiverKind& kind, const std::string& name) {
  if (kind.keeps_state) return std::make_unique<StateQueue>(name);
  return std::make_unique<MessageQueue>(name);
}

std::uint64_t make_seed() {
  std::array<unsigned char, 8> bytes{};
  fill_random(bytes);
  std::uint64_t seed = 0;
  for (const unsigned char byte : bytes)
    seed = seed << 8 | byte;
  return seed;
}

const char* consequence_of(const Verdict& verdict) {
  switch (verdict.kind) {
    case Verdict::Kind::Suspended: return "; nothing is sent there for an hour, or until a reload";
    case Verdict::Kind::Rejected: return "; it is tried in a plainer form";
    case Verdict::Kind::Limited: return "; sending pauses";
    default: return "; it is tried again";
  }
}

}  // namespace

ReceiverThread::ReceiverThread(std::string name, config::AlertReceiver receiver, Parts parts)
    : name_(std::move(name)),
      receiver_(std::move(receiver)),
      kind_(*find_receiver_kind(receiver_.type)),
      parts_(std::move(parts)),
      random_(make_seed()),
      queue_(make_queue(kind_, name_)) {
  metrics_.receiver = name_;
  queue_->restore(parts_.outbox.load(name_), now());
  metrics_.queue_length = queue_->length();
  thread_ = std::jthread([this](const std::stop_token& stop) {
    ::pthread_setname_np(::pthread_self(), "alert receiver");
    run(stop);
  });
}

ReceiverThread::~ReceiverThread() {
  stop();
}

void ReceiverThread::stop() {
  thread_.request_stop();
  if (thread_.joinable() && thread_.get_id() != std::this_thread::get_id()) thread_.join();
}

std::vector<QueueOutcome> ReceiverThread::settle() {
  parts_.outbox.apply(name_, queue_->take_changes());
  std::vector<QueueOutcome> outcomes = queue_->take_outcomes();
  count(outcomes);
  return outcomes;
}

void ReceiverThread::tell(const std::vector<QueueOutcome>& outcomes) {
  for (const QueueOutcome& outcome : outcomes)
    parts_.on_outcome(outcome);
}

void ReceiverThread::send(Notification notification) {
  std::vector<QueueOutcome> outcomes;
  {
    const std::lock_guard lock(mutex_);
    queue_->push(std::move(notification), now());
    outcomes = settle();
    ++news_;
    changed_.notify_all();
  }
  tell(outcomes);
}

void ReceiverThread::reloaded() {
  const std::lock_guard lock(mutex_);
  queue_->reloaded();
  ++news_;
  changed_.notify_all();
}

void ReceiverThread::retain(const std::vector<AlertKey>& firing) {
  std::vector<QueueOutcome> outcomes;
  {
    const std::lock_guard lock(mutex_);
    queue_->retain(firing);
    outcomes = settle();
  }
  tell(outcomes);
}

bool ReceiverThread::holds(const std::string& notification) const {
  const std::lock_guard lock(mutex_);
  return queue_->holds(notification);
}

bool ReceiverThread::is_idle() const {
  const std::lock_guard lock(mutex_);
  if (busy_) return false;
  const auto wake_at = queue_->wake_at(now());
  return !wake_at || *wake_at > now().mono;
}

void ReceiverThread::run(const std::stop_token& stop) {
  std::unique_lock lock(mutex_);
  while (!stop.stop_requested()) {
    if (const auto attempt = queue_->next(now())) {
      busy_ = true;
      lock.unlock();
      deliver(*attempt, stop);
      lock.lock();
      busy_ = false;
      continue;
    }
    const auto wake_at = queue_->wake_at(now());
    const auto has_news = [this, seen = news_] { return news_ != seen; };
    if (wake_at) {
      changed_.wait_for(lock, stop, std::max(*wake_at - now().mono, Duration::zero()), has_news);
    } else {
      changed_.wait(lock, stop, has_news);
    }
  }
}

void ReceiverThread::deliver(const QueueAttempt& what, const std::stop_token& stop) {
  const Attempted attempted = attempt(receiver_, kind_, what.notification, what.minimal,
                                      parts_.clock.wall(), parts_.transport, stop);
  const Verdict verdict = kind_.judge(attempted.answer, parts_.clock.wall());
  std::vector<QueueOutcome> outcomes;
  {
    const std::lock_guard lock(mutex_);
    if (stop.stop_requested() && verdict.kind != Verdict::Kind::Delivered) {
      queue_->abandoned();
    } else {
      const double random = std::uniform_real_distribution<double>(0, 1)(random_);
      queue_->finished(verdict, now(), random);
      report(verdict);
    }
    outcomes = settle();
  }
  tell(outcomes);
}

// One line when trouble begins or changes its nature, and one when it is over.
void ReceiverThread::report(const Verdict& verdict) {
  const bool delivered = verdict.kind == Verdict::Kind::Delivered;
  const std::string trouble =
      delivered ? std::string()
                : verdict.reason + (verdict.kind == Verdict::Kind::Suspended ? " suspended" : "");
  if (!delivered) {
    const std::lock_guard lock(metrics_mutex_);
    ++metrics_.failed[verdict.reason];
  }
  if (trouble == trouble_) return;
  trouble_ = trouble;
  if (delivered) {
    parts_.log.info(fmt::format("alert receiver {}: messages arrive again", name_));
  } else {
    parts_.log.warn(fmt::format("alert receiver {}: not delivered: {}{}", name_, verdict.detail,
                                consequence_of(verdict)));
  }
}

void ReceiverThread::count(const std::vector<QueueOutcome>& outcomes) {
  const WallTime wall = parts_.clock.wall();
  const std::lock_guard lock(metrics_mutex_);
  metrics_.queue_length = queue_->length();
  for (const QueueOutcome& outcome : outcomes) {
    if (outcome.kind == QueueOutcome::Kind::GaveUp) ++metrics_.gave_up;
    if (outcome.kind == QueueOutcome::Kind::Dropped) ++metrics_.dropped;
    if (outcome.kind != QueueOutcome::Kind::Delivered) continue;
    ++metrics_.delivered;
    metrics_.last_success = static_cast<double>(to_unix_ms(wall)) / 1000;
    const double latency =
        std::max(0.0, std::chrono::duration<double>(wall - outcome.made_at).count());
    const auto& bounds = kNotificationLatencyBounds;
    const auto bucket = std::lower_bound(bounds.begin(), bounds.end(), latency) - bounds.begin();
    ++metrics_.latency[static_cast<std::size_t>(bucket)];
    metrics_.latency_sum += latency;
  }
}

NotificationMetrics ReceiverThread::metrics() const {
  const std::lock_guard lock(metrics_mutex_);
  return metrics_;
}

Attempted ReceiverThread::try_now(const Notification& notification) const {
  return attempt(receiver_, kind_, notification, false, parts_.clock.wall(), parts_.transport, {});
}

}  // namespace holdfast::supervisor::alerts
