// SPDX-License-Identifier: Apache-2.0
#pragma once

// Beds: where the systems under measurement keep their jobs. A PostgreSQL server with the settings
// that it comes with, and a Redis that syncs every write as the two engines do
// (appendfsync always), both started by the first who asks. Database: one that nobody used before.
//
// Threads: one at a time; the one that made the beds outlives them.

#include "common/base/clock.hpp"
#include "common/store/store.hpp"
#include "tests/support/postgres.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <future>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::bench {

class Beds {
 public:
  test::PostgresServer& postgres();
  // Empty, and its URL.
  std::string fresh_redis();
  std::string fresh_postgres();
  // Below it is a disk, not memory.
  std::filesystem::path fresh_directory();

 private:
  test::TempDir directory_;
  std::optional<test::PostgresServer> postgres_;
  std::optional<test::Process> redis_;
  std::string redis_port_;
  int count_ = 0;
};

// The engines of Holdfast's own, in the order of the tables.
inline const std::vector<std::string> kEngines{"sqlite", "postgresql"};

// A migrated database of one of these engines.
class Database {
 public:
  Database(Beds& beds, const std::string& engine);
  const std::string& url() const { return url_; }
  // The vectors of a bench have 256 dimensions, as they come.
  std::unique_ptr<store::Store> open(const store::OpenOptions& options = {}) const;

 private:
  std::string url_;
  SystemClock clock_;
};

// Waits for a write; throws if it fails.
template <class T, class Call>
T await(Call&& call) {
  std::promise<Result<T>> promise;
  call(store::Callback<T>([&](Result<T> result) { promise.set_value(std::move(result)); }));
  Result<T> result = promise.get_future().get();
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

store::NewDocument new_document();  // of 200 bytes
// Stores so many of them, five hundred in a transaction.
void fill(store::Store& store, int documents);

}  // namespace holdfast::bench
