// SPDX-License-Identifier: Apache-2.0
#include "common/store/pause_check.hpp"

#include <algorithm>

namespace holdfast::store {

namespace {

Result<bool> has_jobs(Store& store, const std::string& queue, const std::string& kind) {
  JobFilter filter;
  filter.queue = queue;
  filter.kind = kind;
  HOLDFAST_TRY_ASSIGN(const auto page, store.list_jobs({filter, 1, 0}));
  return !page.jobs.empty();
}

}  // namespace

Result<void> check_pause(Store& store, const std::string& queue, const std::string& kind,
                         bool paused) {
  QueueStats stats;
  if (!paused) {
    // What was paused by an older release may be any name.
    HOLDFAST_TRY_ASSIGN(stats, store.queue_stats(queue));
  }
  const auto& kinds = stats.paused_kinds;
  if (queue != kDefaultQueue && !stats.paused && kinds.empty()) {
    HOLDFAST_TRY_ASSIGN(const bool used, has_jobs(store, queue, ""));
    if (!used) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("there is no queue '{}': known is {}", queue, kDefaultQueue));
    }
  }
  if (kind.empty() || kind == kEmbedJob ||
      std::find(kinds.begin(), kinds.end(), kind) != kinds.end())
    return {};
  HOLDFAST_TRY_ASSIGN(const bool used, has_jobs(store, queue, kind));
  if (used) return {};
  return fail(ErrorKind::InvalidArgument,
              fmt::format("there is no kind '{}' of jobs: known is {}", kind, kEmbedJob));
}

}  // namespace holdfast::store
