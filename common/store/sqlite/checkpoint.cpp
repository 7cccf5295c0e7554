// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/checkpoint.hpp"

namespace holdfast::store::sqlite {

namespace {
constexpr std::int64_t kPassivePages = 1024;        // 4 MiB of 4 KiB pages
constexpr std::int64_t kTruncatePages = 16 * 1024;  // 64 MiB
}  // namespace

Checkpoint CheckpointPolicy::after_commit(std::int64_t wal_pages) {
  if (wal_pages < last_pages_) last_pages_ = 0;  // the log started over
  if (wal_pages - last_pages_ < kPassivePages) return Checkpoint::None;
  last_pages_ = wal_pages;
  return wal_pages > kTruncatePages ? Checkpoint::Truncate : Checkpoint::Passive;
}

}  // namespace holdfast::store::sqlite
