// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the store's benchmarks share: a database in a directory of its own, and figures.

#include "common/store/store.hpp"

#include <chrono>
#include <filesystem>
#include <future>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::bench {

using Seconds = std::chrono::duration<double>;

// A migrated database below `parent`, removed at the end.
class Database {
 public:
  explicit Database(const std::filesystem::path& parent);
  Database(const Database&) = delete;
  ~Database();
  std::unique_ptr<store::Store> open(bool relaxed = false) const;
  const std::filesystem::path& directory() const { return directory_; }

 private:
  std::filesystem::path directory_;
  SystemClock clock_;
};

template <class T, class Call>
T await(Call&& call) {
  std::promise<Result<T>> promise;
  call(store::Callback<T>([&](Result<T> result) { promise.set_value(std::move(result)); }));
  Result<T> result = promise.get_future().get();
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

store::NewDocument make_document();
std::int64_t register_worker(store::Store& store);

// Latencies in milliseconds; sorted by the first question.
class Latencies {
 public:
  void add(Seconds latency) { all_.push_back(latency.count() * 1000); }
  double percentile(double p);
  std::size_t count() const { return all_.size(); }

 private:
  std::vector<double> all_;
  bool sorted_ = false;
};

// Of this process so far, all threads. Per operation it holds still on a machine that does not.
Seconds cpu_time();

// Each prints its lines. `seconds`: how long each measurement runs.
void bench_writes(const std::filesystem::path& parent, double seconds);
void bench_processes(const std::filesystem::path& parent, double seconds);
void bench_search(const std::filesystem::path& parent);

}  // namespace holdfast::bench
