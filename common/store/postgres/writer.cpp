// SPDX-License-Identifier: Apache-2.0
#include "common/store/postgres/writer.hpp"

#include "common/base/failpoint.hpp"
#include "common/base/id.hpp"
#include "common/os/signal_mask.hpp"

#include <poll.h>
#include <pthread.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <new>
#include <utility>

namespace holdfast::store::postgres {

namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

constexpr std::size_t kGroupWrites = 256;
constexpr std::size_t kGroupBytes = std::size_t{4} << 20;
constexpr int kAttempts = 3;
// A NOTIFY takes a lock of the whole database until its commit: never in the transaction of a
// write, and not one for each of them.
constexpr Duration kAnnounceEvery = 20ms;
constexpr Duration kResolvePause = 20ms;

constexpr std::string_view kRelaxed = "SELECT set_config('synchronous_commit', 'off', true)";
constexpr std::string_view kMark =
    "INSERT INTO holdfast.commit_mark(writer, number, at)"
    " VALUES($1::uuid, $2, holdfast.now_ms())"
    " ON CONFLICT (writer) DO UPDATE SET number = excluded.number, at = excluded.at";
// Waits for a transaction that is still being committed: it holds the row, or its key.
constexpr std::string_view kReadMark =
    "INSERT INTO holdfast.commit_mark AS mark(writer, number, at)"
    " VALUES($1::uuid, 0, holdfast.now_ms())"
    " ON CONFLICT (writer) DO UPDATE SET at = excluded.at RETURNING mark.number";
constexpr std::string_view kAnnounce = "SELECT pg_notify('holdfast_jobs', '')";

}  // namespace

Writer::Writer(Connector& connector, Pool& pool, Observers observers)
    : connector_(connector), pool_(pool), observers_(std::move(observers)), name_(make_uuid()) {
  const SignalsBlocked inherited;  // by the thread: a handler must not interrupt a commit
  thread_ = std::thread([this] { loop(); });
  ::pthread_setname_np(thread_.native_handle(), "store-writer");
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

void Writer::write_together(MakeForJobs make, JobKey key,
                            std::function<Result<void>(const Rows&)> read, Callback<void> done) {
  Write write;
  write.make_for_jobs = make;
  write.key = key;
  write.read = [read = std::move(read)](std::span<const Rows> rows) { return read(rows[0]); };
  write.finish = [done = std::move(done)](const Error* failure) {
    if (failure != nullptr) return done(fail(*failure));
    done({});
  };
  enqueue(std::move(write));
}

void Writer::loop() {
  while (wait_for_work()) {
    std::vector<Write> group = take_group();
    if (!group.empty()) {
      const auto began = steady_clock::now();
      carry_out(group);
      bool announces = false;
      bool committed = false;
      for (Write& write : group) {
        committed = committed || !write.failure;
        announces = announces || (write.traits.announces && !write.failure);
        write.finish(write.failure ? &*write.failure : nullptr);
      }
      if (committed && observers_.on_commit) observers_.on_commit(steady_clock::now() - began);
      if (announces && !announce_at_) announce_at_ = announced_ + kAnnounceEvery;
    }
    if (announce_at_ && steady_clock::now() >= *announce_at_) announce();
    park_connection();
  }
  if (announce_at_) announce();
  if (connection_) pool_.park(this, std::move(connection_));
}

// After each group while places are short, for readers may wait for it; else when there is nothing
// to write or to announce.
void Writer::park_connection() {
  if (!connection_) return;
  if (!connector_.places_are_short()) {
    if (announce_at_) return;
    const std::lock_guard lock(mutex_);
    if (!queue_.empty()) return;
  }
  pool_.park(this, std::move(connection_));
}

// False: stopping, and nothing left. True with an empty queue: it is time to announce.
bool Writer::wait_for_work() {
  std::unique_lock lock(mutex_);
  const auto called = [this] { return stopping_ || !queue_.empty(); };
  if (announce_at_) {
    changed_.wait_until(lock, *announce_at_, called);
    return !stopping_ || !queue_.empty();
  }
  changed_.wait(lock, called);
  return !queue_.empty();
}

std::vector<Writer::Write> Writer::take_group() {
  const std::lock_guard lock(mutex_);
  std::vector<Write> group;
  while (!queue_.empty() && group.size() < kGroupWrites) {
    const bool decides = queue_.front().work != nullptr;
    if (decides && !group.empty() && !queue_.front().traits.joins) break;
    group.push_back(std::move(queue_.front()));
    queue_.pop_front();
    if (decides) break;
  }
  return group;
}

void Writer::carry_out(Group group) {
  for (Write& write : group) {
    // Asked once: a write that has begun is finished.
    const Wanted wanted = std::exchange(write.traits.wanted, nullptr);
    if (write.withdrawn || !wanted || wanted()) continue;
    write.withdrawn = true;
    write.failure = Error{ErrorKind::DeadlineExceeded, "nobody waits for this write any more", 0};
  }
  Exchanged<void> done;
  for (int attempt = 1; attempt <= kAttempts; ++attempt) {
    done = transact(group);
    if (done) return;
    const ExchangeError& error = done.error();
    // A server that was silent would be so again.
    const bool again =
        error.lost ? attempt == 1 && !error.silent : error.repeatable && group.size() == 1;
    if (!again) break;
  }
  if (group.size() > 1 && !done.error().lost) {
    for (std::size_t i = 0; i < group.size(); ++i)
      carry_out(group.subspan(i, 1));
    return;
  }
  if (observers_.on_failure) observers_.on_failure(done.error());
  for (Write& write : group) {
    if (!write.withdrawn) write.failure = done.error().error;
  }
}

Exchanged<void> Writer::transact(Group group) {
  for (Write& write : group) {
    if (!write.withdrawn) write.failure.reset();
  }
  if (auto connected = ensure_connection(); !connected) return connected;
  Transaction transaction(*connection_, kBegin);
  try {
    Write& last = group.back();
    const std::size_t before = group.size() - (last.work ? 1 : 0);
    const bool relaxed = std::all_of(group.begin(), group.end(), [](const Write& write) {
      return write.traits.durability == Durability::ProcessDeath;
    });
    if (before > 0) run_together(group.first(before), relaxed, transaction);
    if (last.work && !last.withdrawn) {
      const Result<void> outcome = last.work(transaction);
      if (!outcome) last.failure = outcome.error();
      if (!outcome && before == 0) return {};  // the transaction's end undoes it
    }
  } catch (const SqlFailure& failure) {
    return tl::unexpected(failure.cause);
  } catch (const std::bad_alloc&) {
    return tl::unexpected(
        ExchangeError{{ErrorKind::ResourceExhausted, "out of memory", 0}, false, false, false});
  }
  if (!transaction.begun()) return {};
  return commit(transaction);
}

void Writer::run_together(Group group, bool relaxed, Transaction& transaction) {
  struct Place {
    std::size_t first = 0;
    std::size_t count = 0;
  };
  std::vector<Statement> statements;
  std::vector<Place> places(group.size());  // of each write's results
  std::map<MakeForJobs, Place> shared;
  if (relaxed) statements.emplace_back(kRelaxed);
  Results results;
  std::size_t bytes = 0;
  const auto send = [&] {
    if (statements.empty()) return;
    Results some = transaction.run(statements);
    std::move(some.begin(), some.end(), std::back_inserter(results));
    statements.clear();
    bytes = 0;
  };
  const auto add = [&](std::vector<Statement> own) {
    const Place place{results.size() + statements.size(), own.size()};
    for (Statement& statement : own) {
      bytes += statement.size();
      statements.push_back(std::move(statement));
    }
    if (bytes >= kGroupBytes) send();
    return place;
  };
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group[i].withdrawn) continue;
    if (const MakeForJobs make = group[i].make_for_jobs; make == nullptr) {
      places[i] = add(group[i].make());
    } else if (const auto known = shared.find(make); known != shared.end()) {
      places[i] = known->second;
    } else {
      places[i] = shared[make] = add({make(keys_for(make, group.subspan(i)))});
    }
  }
  send();
  for (std::size_t i = 0; i < group.size(); ++i) {
    if (group[i].withdrawn) continue;
    const auto [first, count] = places[i];
    const auto outcome = group[i].read(std::span<const Rows>(results).subspan(first, count));
    if (!outcome) group[i].failure = outcome.error();
  }
}

std::vector<JobKey> Writer::keys_for(MakeForJobs make, Group group) {
  std::vector<JobKey> keys;
  for (const Write& write : group) {
    if (!write.withdrawn && write.make_for_jobs == make) keys.push_back(write.key);
  }
  return keys;
}

Exchanged<void> Writer::commit(Transaction& transaction) {
  ++number_;
  failpoint(FaultStep::Committing);
  const std::vector<Statement> statements{Statement(kMark).bind(name_, number_),
                                          Statement("COMMIT")};
  auto results = connection_->exchange(statements, Within::Transaction);
  if (results) {
    transaction.begun_ = false;
    if (results->back().command() == "COMMIT") {
      failpoint(FaultStep::Committed);
      return {};
    }
    return tl::unexpected(ExchangeError{
        {ErrorKind::Internal, "the server rolled the transaction back", 0}, false, false, false});
  }
  if (!results.error().lost) return tl::unexpected(std::move(results).error());
  // It has ended with its connection, which is about to be replaced: there is nothing to undo it
  // on.
  transaction.begun_ = false;
  return resolve(results.error());
}

Exchanged<void> Writer::resolve(const ExchangeError& cause) {
  Cutoff& cutoff = connector_.cutoff();
  const auto patience = steady_clock::now() + 2 * connector_.endpoint().statement_timeout;
  const auto until = [&] { return std::min(patience, cutoff.time()); };
  do {
    pause_until(std::min(until(), connector_.next_try()));
    if (!ensure_connection()) continue;
    const auto mark = connection_->exchange(Statement(kReadMark).bind(name_));
    if (mark) {
      if (mark->integer(0, 0) == number_) return {};
      return tl::unexpected(cause);  // undone: it may be tried again
    }
    pause_until(std::min(until(), steady_clock::now() + kResolvePause));
  } while (steady_clock::now() < until());
  ExchangeError unknown = cause;
  unknown.lost = false;  // not to be done again
  unknown.error.message +=
      "; the connection was lost during COMMIT, and the server has not come back to say whether "
      "this was stored";
  return tl::unexpected(std::move(unknown));
}

// No longer than until the cutoff, though it be set meanwhile.
void Writer::pause_until(steady_clock::time_point time) {
  const Cutoff& cutoff = connector_.cutoff();
  pollfd wake{cutoff.wake_fd(), POLLIN, 0};
  const auto rest = [&] {
    const auto left = std::min(time, cutoff.time()) - steady_clock::now();
    return std::max<std::int64_t>(std::chrono::ceil<std::chrono::milliseconds>(left).count(), 0);
  };
  if (!cutoff.is_set() && ::poll(&wake, 1, static_cast<int>(rest())) <= 0) return;
  std::this_thread::sleep_for(std::chrono::milliseconds(rest()));
}

Exchanged<void> Writer::ensure_connection() {
  if (connection_ && !connection_->broken()) return {};
  if (connection_) pool_.park(this, std::move(connection_));
  auto connection = pool_.take_for_write(this);
  if (!connection)
    return tl::unexpected(ExchangeError{std::move(connection).error(), true, false, false});
  connection_ = std::move(*connection);
  return {};
}

void Writer::announce() {
  announce_at_.reset();
  announced_ = steady_clock::now();
  if (!connection_) connection_ = pool_.take_parked(this);
  if (!connection_ || connection_->broken()) return;
  // Lost, it costs latency: workers look by themselves now and then. So no sync is waited for,
  // which the next write would wait for, too.
  Transaction transaction(*connection_, kBegin);
  try {
    const std::vector<Statement> statements{Statement(kRelaxed), Statement(kAnnounce),
                                            Statement("COMMIT")};
    transaction.run(statements);
    transaction.begun_ = false;
  } catch (const SqlFailure&) {
    // The connection is broken, which the next write sees, or the end of the transaction undoes it.
  }
}

}  // namespace holdfast::store::postgres
