// SPDX-License-Identifier: Apache-2.0
#pragma once

// When to copy SQLite's log into the database. Pure; one thread.
//
// A passive checkpoint after every 4 MiB keeps the log short. Overlapping readers can prevent the
// log from starting over; past 64 MiB, a checkpoint that waits for them empties it.

#include <cstdint>

namespace holdfast::store::sqlite {

enum class Checkpoint { None, Passive, Truncate };

class CheckpointPolicy {
 public:
  Checkpoint after_commit(std::int64_t wal_pages);

 private:
  std::int64_t last_pages_ = 0;  // of the log, at the last checkpoint
};

}  // namespace holdfast::store::sqlite
