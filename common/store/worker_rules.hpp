// SPDX-License-Identifier: Apache-2.0
#pragma once

// Which host a worker runs on, and when the others may take its jobs over.
//
// Several hosts can share one database, each with a `queue-worker.0` of its own. A process id says
// something on its own host only, and CLOCK_MONOTONIC during one boot only. So a worker is judged
// by its process on its own host, and by its lease from everywhere else.
//
// Threads: pure functions; this_host() reads files and may be called from any thread.

#include "common/base/result.hpp"
#include "common/store/now.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace holdfast::store {

struct HostIdentity {
  std::string host;  // "<hostname>/<machine id>": containers of one image share the latter
  std::string boot;  // the kernel's boot id
};
Result<HostIdentity> this_host();

// Leases are kept in both times: no step of the wall clock ends a lease on the machine that granted
// it, and another machine can still tell that it is over.
struct WorkerRecord {
  HostIdentity where;  // `host` is empty for one registered before hosts were recorded: this host
  std::int64_t lease_until_wall = 0;
  std::int64_t lease_until_mono = 0;
};

// A lease by the wall clock that ends later than this many of one's own after now is from when that
// clock was ahead, and ends then. Many, for another host may be configured with longer ones.
constexpr int kLeasesAhead = 10;

bool on_host(const WorkerRecord& worker, const HostIdentity& here);
// Whether the worker's process id means anything here.
bool in_this_boot(const WorkerRecord& worker, const HostIdentity& here);

// Why the worker no longer owns its jobs: "lease expired", "the machine was restarted". Nothing
// while it may be alive.
std::optional<std::string_view> reason_lost(const WorkerRecord& worker, const HostIdentity& here,
                                            Now now);

}  // namespace holdfast::store
