// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writer: the one thread that writes for this process, and its connection, which the pool keeps
// while there is nothing to write. Writes that are a fixed list
// of statements share a transaction: their statements are sent together and committed together. A
// write that has to read before it can decide has a transaction of its own. If one of a group is
// refused by the server, each is done again by itself, so that none fails for its neighbour.
//
// A connection that is lost before COMMIT was sent has changed nothing: the writes are done again
// on a new one, once. If it is lost during COMMIT, the mark that each transaction leaves tells
// whether it was committed (docs/adr/0041); the results are known by then.
//
// Threads: the write functions may be called from any thread until destruction begins. Callbacks
// run on the writer's thread, each exactly once. The destructor does what is queued, then joins; it
// must not run on the writer's thread.

#include "common/store/postgres/pool.hpp"
#include "common/store/postgres/transaction.hpp"
#include "common/store/store.hpp"

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::store::postgres {

enum class Durability {
  PowerLoss,     // on the server's disk before the callback
  ProcessDeath,  // survives this process; a crash of the server may undo it
};

struct WriteTraits {
  Durability durability = Durability::PowerLoss;
  bool announces = false;  // it may make a job ready: workers on all hosts are told
  Wanted wanted = {};
  // A decision that may end the transaction of the writes before it, so that one sync does for all.
  // If it returns an error, what it has done so far is kept: harmless, or nothing.
  bool joins = false;
};

class Writer {
 public:
  // Both called on the writer's thread; may be empty.
  struct Observers {
    std::function<void(Duration)> on_commit;
    std::function<void(const ExchangeError&)>
        on_failure;  // that the server, or its absence, caused
  };
  // Both outlive this. The pool's connections are the connector's.
  Writer(Connector& connector, Pool& pool, Observers observers);
  Writer(const Writer&) = delete;
  ~Writer();

  // A fixed list of statements. `make` is called on the writer's thread, perhaps several times;
  // what the statements refer to lives in it. `read` gets one result for each. If it returns an
  // error, the statements must have changed nothing.
  template <class T>
  void write(WriteTraits traits, std::function<std::vector<Statement>()> make,
             std::function<Result<T>(std::span<const Rows>)> read, Callback<T> done);

  // One statement for all writes of a group that have the same `make`: many jobs end with the same
  // few words. `read` gets its result, too, and looks for its own job there.
  using MakeForJobs = Statement (*)(std::span<const JobKey>);
  void write_together(MakeForJobs make, JobKey key, std::function<Result<void>(const Rows&)> read,
                      Callback<void> done);

  // A transaction of its own, undone if `work` returns an error or throws. It is run again if it
  // lost against another transaction, or with its connection.
  template <class T>
  void decide(WriteTraits traits, std::function<Result<T>(Transaction&)> work, Callback<T> done);

 private:
  struct Write {
    WriteTraits traits;
    // Either `make` or `make_for_jobs`, with `read`, or `work`.
    std::function<std::vector<Statement>()> make;
    MakeForJobs make_for_jobs = nullptr;
    JobKey key;  // for make_for_jobs
    std::function<Result<void>(std::span<const Rows>)> read;
    std::function<Result<void>(Transaction&)> work;
    std::function<void(const Error* failure)> finish;
    std::optional<Error> failure;
    bool withdrawn = false;
  };
  using Group = std::span<Write>;

  void enqueue(Write write);
  void loop();
  bool wait_for_work();
  std::vector<Write> take_group();
  void carry_out(Group group);
  // Done, with each write's own failure set; or why none of them is.
  Exchanged<void> transact(Group group);
  void run_together(Group group, bool relaxed, Transaction& transaction);
  static std::vector<JobKey> keys_for(MakeForJobs make, Group group);
  Exchanged<void> commit(Transaction& transaction);
  Exchanged<void> resolve(const ExchangeError& cause);
  void pause_until(std::chrono::steady_clock::time_point time);
  Exchanged<void> ensure_connection();
  void park_connection();
  void announce();

  Connector& connector_;
  Pool& pool_;
  const Observers observers_;
  const std::string name_;  // of this writer's mark, a UUID
  // The thread's.
  std::unique_ptr<PgConnection> connection_;
  std::int64_t number_ = 0;  // of the latest transaction
  std::optional<std::chrono::steady_clock::time_point> announce_at_;
  std::chrono::steady_clock::time_point announced_{};

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Write> queue_;  // guarded by mutex_
  bool stopping_ = false;    // guarded by mutex_
  std::thread thread_;       // last: it uses all of the above
};

template <class T>
void Writer::write(WriteTraits traits, std::function<std::vector<Statement>()> make,
                   std::function<Result<T>(std::span<const Rows>)> read, Callback<T> done) {
  auto result = std::make_shared<std::optional<Result<T>>>();
  Write write;
  write.traits = std::move(traits);
  write.make = std::move(make);
  write.read = [read = std::move(read), result](std::span<const Rows> rows) -> Result<void> {
    result->emplace(read(rows));
    if (!**result) return fail((*result)->error());
    return {};
  };
  write.finish = [done = std::move(done), result](const Error* failure) {
    if (failure != nullptr) return done(fail(*failure));
    done(std::move(**result));
  };
  enqueue(std::move(write));
}

template <class T>
void Writer::decide(WriteTraits traits, std::function<Result<T>(Transaction&)> work,
                    Callback<T> done) {
  auto result = std::make_shared<std::optional<Result<T>>>();
  Write write;
  write.traits = std::move(traits);
  write.work = [work = std::move(work), result](Transaction& transaction) -> Result<void> {
    result->emplace(work(transaction));
    if (!**result) return fail((*result)->error());
    return {};
  };
  write.finish = [done = std::move(done), result](const Error* failure) {
    if (failure != nullptr) return done(fail(*failure));
    done(std::move(**result));
  };
  enqueue(std::move(write));
}

}  // namespace holdfast::store::postgres
