// SPDX-License-Identifier: Apache-2.0
#pragma once

// Outage: what reads and writes have found out about the database that a look at it does not show:
// it is full, damaged, or cannot be written. What is damaged stays so until the process ends,
// for only a look at every page would tell otherwise, and minutes are too long for a probe; from
// everything else a write that succeeds recovers, and as nobody may write any more (a stack that is
// not ready gets no traffic), one is tried now and then, and at once when something was deleted.
// Only that one, which is as large as a document, recovers from a full disk: what is smaller may
// find room where no document does.
//
// Threads: any.

#include "common/base/result.hpp"

#include <atomic>
#include <mutex>
#include <optional>

namespace holdfast::store::sqlite {

class Outage {
 public:
  void read_failed(const Error& error);
  void write_failed(const Error& error);
  void written();

  // Why the database cannot be used; nothing: as far as is known it can.
  std::optional<Error> present() const;
  // Whether a write should be tried: the first one of a process, and while there is an outage. Only
  // one at a time: probed() ends it.
  bool begin_probe();
  void probed(bool succeeded);

 private:
  std::atomic<bool> doubtful_{true};  // nothing was written yet, or there is an outage
  mutable std::mutex mutex_;
  std::optional<Error> error_;
  bool probing_ = false;
};

}  // namespace holdfast::store::sqlite
