// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/writer.hpp"

#include "common/base/failpoint.hpp"
#include "common/os/signal_mask.hpp"
#include "common/os/thread.hpp"

#include <algorithm>
#include <chrono>

namespace holdfast::store::sqlite {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kGroupWrites = 256;  // at most this many callers share one commit
constexpr auto kTruncatePatience = 100ms;
constexpr Duration kUnsyncedTime = 2ms;
constexpr auto kLookInterval = 1s;

Result<void> exec(SqliteConnection& connection, const char* sql) {
  return guarded(connection, [&]() -> Result<void> {
    connection.query(sql).run();
    return {};
  });
}

}  // namespace

Writer::Writer(std::unique_ptr<SqliteConnection> connection, WriteLock lock, DatabaseFiles files,
               bool relaxed, Duration group_time, std::function<void(Duration)> on_commit,
               std::function<void(const Error&)> on_lost)
    : connection_(std::move(connection)),
      lock_(std::move(lock)),
      files_(std::move(files)),
      relaxed_(relaxed),
      group_time_(group_time),
      on_commit_(std::move(on_commit)),
      on_lost_(std::move(on_lost)) {
  const SignalsBlocked inherited;  // by the thread: a handler must not interrupt a commit
  thread_ = std::thread([this] { loop(); });
}

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_one();
  thread_.join();
}

void Writer::enqueue(Write write) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(write));
  }
  changed_.notify_one();
}

void Writer::loop() {
  prepare_thread("store-writer");
  for (Next next = wait(); next != Next::End; next = wait()) {
    if (next == Next::Writes) write_group();
    let_go_if_lost();
  }
  final_checkpoint();
}

Writer::Next Writer::wait() {
  std::unique_lock lock(mutex_);
  const auto called = [this] { return stopping_ || !queue_.empty(); };
  const auto until = looked_at_ + kLookInterval;
  if (!on_lost_ || lost_) {
    changed_.wait(lock, called);
  } else if (!changed_.wait_until(lock, until, called)) {
    return Next::Look;
  }
  for (Duration time = time_for_company(); time > Duration::zero(); time = time_for_company()) {
    changed_.wait_for(lock, time);
  }
  return queue_.empty() ? Next::End : Next::Writes;
}

void Writer::write_group() {
  for (Write& write : commit_group())
    write.finish(write.failure ? &*write.failure : nullptr);
  checkpoint_if_due();
}

// With the mutex held. The clients of a relaxed database wait for their answers as well.
Duration Writer::time_for_company() const {
  const bool urgent = std::any_of(queue_.begin(), queue_.end(), [](const Write& write) {
    return write.durability == Durability::PowerLoss;
  });
  if (stopping_ || urgent) return Duration::zero();
  return pace_.wait(std::chrono::steady_clock::now(), queue_.size());
}

std::vector<Writer::Write> Writer::commit_group() {
  const auto began = std::chrono::steady_clock::now();
  std::vector<Write> group;
  Result<void> outcome;
  {
    // The lock first: whatever is submitted while this process waits joins the group.
    const auto guard = lock_.acquire();
    group = take_group();
    if (!must_sync(group)) pace_.took(began, group.size());
    outcome = guard ? check_files() : Result<void>(fail(guard.error()));
    if (outcome) outcome = transact(group);
  }
  // The others have their turn meanwhile, and may have been synced along.
  if (outcome && must_sync(group)) outcome = connection_->sync_log();
  // Whatever has been done to the files meanwhile: it was written to those that were there before.
  if (outcome) outcome = check_files();
  if (!outcome) {
    for (Write& write : group)
      write.failure = outcome.error();
  } else if (on_commit_) {
    on_commit_(std::chrono::steady_clock::now() - began);
  }
  return group;
}

std::vector<Writer::Write> Writer::take_group() {
  const std::lock_guard lock(mutex_);
  std::vector<Write> group;
  const std::size_t count = std::min(queue_.size(), kGroupWrites);
  group.reserve(count);
  std::move(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count),
            std::back_inserter(group));
  queue_.erase(queue_.begin(), queue_.begin() + static_cast<std::ptrdiff_t>(count));
  return group;
}

bool Writer::must_sync(const std::vector<Write>& group) const {
  return !relaxed_ && std::any_of(group.begin(), group.end(), [](const Write& write) {
    return write.durability == Durability::PowerLoss;
  });
}

Result<void> Writer::transact(std::vector<Write>& group) {
  Result<void> outcome = guarded(*connection_, [&]() -> Result<void> {
    connection_->set_synchronous(Synchronous::Normal);
    connection_->query("BEGIN IMMEDIATE").run();
    return {};
  });
  // Where no sync is shared, a large group only makes others wait.
  if (outcome) {
    outcome = run_all(group, must_sync(group) ? group_time_ : std::min(group_time_, kUnsyncedTime));
  }
  if (outcome) failpoint(FaultStep::Committing);
  if (outcome) outcome = exec(*connection_, "COMMIT");
  if (outcome) failpoint(FaultStep::Committed);
  // The ROLLBACK cannot fail in a way that matters: SQLite has given the transaction up by then.
  if (!outcome && connection_->in_transaction()) (void)exec(*connection_, "ROLLBACK");
  return outcome;
}

// Writes beyond the time limit go back to the head of the queue.
Result<void> Writer::run_all(std::vector<Write>& group, Duration time) {
  const auto until = std::chrono::steady_clock::now() + time;
  std::size_t ran = 0;
  for (Write& write : group) {
    HOLDFAST_TRY(run_one(write));
    ++ran;
    if (std::chrono::steady_clock::now() >= until) break;
  }
  if (ran == group.size()) return {};
  const auto rest = group.begin() + static_cast<std::ptrdiff_t>(ran);
  {
    const std::lock_guard lock(mutex_);
    queue_.insert(queue_.begin(), std::make_move_iterator(rest),
                  std::make_move_iterator(group.end()));
  }
  group.erase(rest, group.end());
  return {};
}

// An error that made SQLite roll the whole transaction back is returned; any other stays with its
// write.
Result<void> Writer::run_one(Write& write) {
  const bool savepoint = write.extent == Extent::ManyStatements;
  if (savepoint) HOLDFAST_TRY(exec(*connection_, "SAVEPOINT one_write"));
  const Result<void> outcome = guarded(*connection_, [&] { return write.run(*connection_); });
  if (!connection_->in_transaction()) {
    return fail(outcome ? Error{ErrorKind::Internal, "SQLite ended the transaction"}
                        : outcome.error());
  }
  if (!outcome) write.failure = outcome.error();
  if (!savepoint) return {};
  if (!outcome) HOLDFAST_TRY(exec(*connection_, "ROLLBACK TO one_write"));
  return exec(*connection_, "RELEASE one_write");
}

// After the answers, and with the lock taken again: who waits for it goes first.
void Writer::checkpoint_if_due() {
  const Checkpoint due = policy_.after_commit(connection_->wal_pages());
  if (due == Checkpoint::None) return;
  const auto guard = lock_.acquire();
  if (!guard || !check_files()) return;
  failpoint(FaultStep::Checkpointing);
  if (due == Checkpoint::Passive) return connection_->checkpoint(false);
  connection_->set_patience(kTruncatePatience);
  connection_->checkpoint(true);
  connection_->set_patience(5s);
}

void Writer::final_checkpoint() {
  // So that a cleanly stopped store is one file. Readers in other processes may prevent it.
  if (!lost_ && files_.is_log_lost()) return (void)keep_log();
  const auto guard = lock_.acquire();
  if (guard && check_files()) {
    connection_->set_patience(kTruncatePatience);
    connection_->checkpoint(true);
  }
}

Result<void> Writer::check_files() {
  if (lost_) return fail(*lost_);
  auto checked = files_.check();
  if (!checked) looked_at_ = {};
  return checked;
}

// Nobody who opens the database from now on finds the log, and nobody writes into it any more: who
// has it open looks at the files first. Whoever copies it first has saved what is in it.
bool Writer::keep_log() {
  // Somebody has begun with other files, of the lock too: what is copied now would damage them.
  if (files_.is_lock_lost() && WriteLock::is_in_use(connection_->path())) return true;
  const auto guard = lock_.acquire();
  return guard && connection_->copy_log();
}

void Writer::let_go_if_lost() {
  const auto now = std::chrono::steady_clock::now();
  if (!on_lost_ || lost_ || now < looked_at_ + kLookInterval) return;
  looked_at_ = now;
  const auto checked = files_.check();
  if (checked || !files_.are_lost()) return;
  if (files_.is_log_lost() && !keep_log()) return;  // on a full disk: not before it is kept
  lost_ = checked.error();
  on_lost_(*lost_);
}

}  // namespace holdfast::store::sqlite
