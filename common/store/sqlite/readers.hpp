// SPDX-License-Identifier: Apache-2.0
#pragma once

// Readers: a pool of read-only connections. A read blocks until one is free; keep reads short, a
// long one keeps the log from being emptied.
//
// Threads: any, concurrently.

#include "common/store/sqlite/sqlite_connection.hpp"

#include <condition_variable>
#include <memory>
#include <mutex>
#include <vector>

namespace holdfast::store::sqlite {

class Readers {
 public:
  static Result<std::unique_ptr<Readers>> open(const std::filesystem::path& path,
                                               std::size_t count);

  // Runs `work(SqliteConnection&)`, which returns a Result, outside any transaction.
  template <class Work>
  auto read(Work&& work) {
    Lease lease(*this);
    return guarded(*lease.connection, [&] { return work(*lease.connection); });
  }

 private:
  explicit Readers(std::vector<std::unique_ptr<SqliteConnection>> idle) : idle_(std::move(idle)) {}

  struct Lease {
    explicit Lease(Readers& pool) : readers(pool), connection(pool.take()) {}
    Lease(const Lease&) = delete;
    ~Lease() { readers.give_back(std::move(connection)); }
    Readers& readers;
    std::unique_ptr<SqliteConnection> connection;
  };

  std::unique_ptr<SqliteConnection> take();
  void give_back(std::unique_ptr<SqliteConnection> connection);

  std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<std::unique_ptr<SqliteConnection>> idle_;  // guarded by mutex_
};

}  // namespace holdfast::store::sqlite
