// SPDX-License-Identifier: Apache-2.0
#pragma once

// StoreLog: one line when a worker's looks at its store begin to fail, and one when they succeed
// again, whichever engine it is.
//
// Threads: the loop.

#include "common/base/result.hpp"
#include "common/log/logger.hpp"

namespace holdfast::worker {

class StoreLog {
 public:
  explicit StoreLog(const log::Logger& log) : log_(log) {}

  void looked(const Error* failure);  // null: it can be used

 private:
  const log::Logger& log_;
  bool out_ = false;
};

}  // namespace holdfast::worker
