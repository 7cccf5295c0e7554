// SPDX-License-Identifier: Apache-2.0
#pragma once

// Offload: where blocking work runs. The one place that decides what leaves the event loop's
// thread.
//
// - Point work (one row by its key, a small document) runs at once on the caller's thread: handing
//   it to another thread and back costs more than such a read.
// - A point read of the store runs at once too if the store's engine allows it
//   (Store::inline_reads), else on the pool.
// - Scan work (listings, search, embedding a query, large documents) runs on a small pool. Beyond a
//   fixed number of waiting tasks it is refused: a burst costs its senders a 503 instead of costing
//   everybody their latency.
//
// Threads: run() from any; stop() and destruction from the event loop's.

#include <cstdint>
#include <functional>
#include <memory>

namespace holdfast::api {

enum class Work { Point, PointRead, Scan };

class Offload {
 public:
  Offload(std::uint32_t threads, std::uint32_t max_pending, bool inline_reads);
  ~Offload();  // stops
  Offload(const Offload&) = delete;
  Offload& operator=(const Offload&) = delete;

  // False if the pool is full or stopped; `task` does not run then. `task` must not throw.
  [[nodiscard]] bool run(Work work, std::function<void()> task);
  // Finishes accepted tasks and joins the threads.
  void stop();

  std::uint32_t pending() const;

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace holdfast::api
