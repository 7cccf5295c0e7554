// SPDX-License-Identifier: Apache-2.0
#pragma once

// Writer: the one connection and thread that write for this process. All writes that wait when it
// gets the write lock share one transaction and one sync (group commit); each can be undone by
// itself, so one that fails does not undo its neighbours. If the commit or the sync fails, every
// write of the group gets that error, and the thread goes on. Writes that need no sync may wait
// some milliseconds for company (group_pace.hpp); one that does takes them along at once. The sync
// comes after the lock is released (docs/adr/0063): other processes see what was written a moment
// before it is durable. While a file of the database is not the one that was opened, every write
// gets that error.
// Who asks for it (`on_lost`) has it looked at every second as well: where the files can only be
// made anew, the log that nobody else finds is copied into the database, and from then on nothing
// is written, so that the process can end and begin anew.
//
// A group is answered before the checkpoint that its commit makes due; what is submitted meanwhile
// waits for that.
//
// Threads: submit() may be called from any thread until destruction begins. Callbacks run on the
// writer's thread, each exactly once, after the lock is released, and may submit more. The
// destructor commits what is queued, then joins; it must not run on the writer's thread.

#include "common/store/sqlite/checkpoint.hpp"
#include "common/store/sqlite/database_files.hpp"
#include "common/store/sqlite/group_pace.hpp"
#include "common/store/sqlite/sqlite_connection.hpp"
#include "common/store/sqlite/write_lock.hpp"
#include "common/store/store.hpp"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace holdfast::store::sqlite {

enum class Durability {
  PowerLoss,     // synced before the callback
  ProcessDeath,  // in the kernel's hands before the callback
};

enum class Extent {
  OneStatement,  // SQLite undoes a failed statement itself: no savepoint needed
  ManyStatements,
};

class Writer {
 public:
  static constexpr Duration kGroupTime = std::chrono::milliseconds(20);

  // `on_lost`: see OpenOptions. `relaxed`: nothing is synced before its callback. `group_time`: a
  // group that has run for this long is committed, and the rest waits for the next; other processes
  // want their turn.
  Writer(std::unique_ptr<SqliteConnection> connection, WriteLock lock, DatabaseFiles files,
         bool relaxed, Duration group_time = kGroupTime,
         std::function<void(Duration)> on_commit = {},
         std::function<void(const Error&)> on_lost = {});
  Writer(const Writer&) = delete;
  ~Writer();

  // `work` runs once inside a transaction; what it wrote is undone if it returns an error or throws
  // SQLite::Exception.
  template <class T>
  void submit(Durability durability, Extent extent,
              std::function<Result<T>(SqliteConnection&)> work, Callback<T> done);

 private:
  struct Write {
    Durability durability = Durability::PowerLoss;
    Extent extent = Extent::ManyStatements;
    std::function<Result<void>(SqliteConnection&)> run;
    std::function<void(const Error* failure)> finish;
    std::optional<Error> failure;
  };

  void enqueue(Write write);
  void loop();
  enum class Next { Writes, Look, End };
  Next wait();
  Duration time_for_company() const;
  void write_group();
  std::vector<Write> commit_group();
  std::vector<Write> take_group();
  bool must_sync(const std::vector<Write>& group) const;
  Result<void> transact(std::vector<Write>& group);
  Result<void> run_all(std::vector<Write>& group, Duration time);
  Result<void> run_one(Write& write);
  void checkpoint_if_due();
  void final_checkpoint();
  Result<void> check_files();
  bool keep_log();
  void let_go_if_lost();

  std::unique_ptr<SqliteConnection> connection_;  // the thread's
  WriteLock lock_;                                // the thread's
  const DatabaseFiles files_;
  const bool relaxed_;
  const Duration group_time_;
  const std::function<void(Duration)> on_commit_;    // called on the thread
  const std::function<void(const Error&)> on_lost_;  // called on the thread, once
  CheckpointPolicy policy_;                          // the thread's
  GroupPace pace_;                                   // the thread's; of groups that need no sync
  std::optional<Error> lost_;                        // the thread's: nothing is written any more
  std::chrono::steady_clock::time_point looked_at_;  // the thread's: when the files were last

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Write> queue_;  // guarded by mutex_
  bool stopping_ = false;    // guarded by mutex_
  std::thread thread_;       // last: it uses all of the above
};

template <class T>
void Writer::submit(Durability durability, Extent extent,
                    std::function<Result<T>(SqliteConnection&)> work, Callback<T> done) {
  auto result = std::make_shared<std::optional<Result<T>>>();
  Write write;
  write.durability = durability;
  write.extent = extent;
  write.run = [work = std::move(work), result](SqliteConnection& connection) -> Result<void> {
    result->emplace(work(connection));
    if (!**result) return fail((*result)->error());
    return {};
  };
  write.finish = [done = std::move(done), result](const Error* failure) {
    if (failure != nullptr) {
      done(fail(*failure));
    } else {
      done(std::move(**result));
    }
  };
  enqueue(std::move(write));
}

}  // namespace holdfast::store::sqlite
