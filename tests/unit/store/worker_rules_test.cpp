// SPDX-License-Identifier: Apache-2.0
#include "common/store/worker_rules.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::store;

namespace {

const HostIdentity kHere{"here", "this boot"};
const Now kNow{1'000'000, 5'000};

// A lease in either time: over, or not.
WorkerRecord worker_of(const HostIdentity& host, bool wall_over, bool mono_over) {
  return {host, kNow.wall + (wall_over ? -1 : 1), kNow.mono + (mono_over ? -1 : 1)};
}

}  // namespace

TEST_CASE("in the same boot the monotonic clock decides, and no step of the wall clock") {
  CHECK_FALSE(reason_lost(worker_of(kHere, true, false), kHere, kNow));
  CHECK(reason_lost(worker_of(kHere, false, true), kHere, kNow) == "lease expired");
}

TEST_CASE("a worker of this host's previous boot is lost at once") {
  const HostIdentity before{"here", "an earlier boot"};
  CHECK(reason_lost(worker_of(before, false, false), kHere, kNow) == "the machine was restarted");
}

TEST_CASE("a worker of another machine is judged by its lease in wall time alone") {
  const HostIdentity there{"there", "its boot"};
  CHECK_FALSE(reason_lost(worker_of(there, false, true), kHere, kNow));
  CHECK(reason_lost(worker_of(there, true, false), kHere, kNow) == "lease expired");
}

TEST_CASE("containers of one machine share its monotonic clock, but not their process ids") {
  const WorkerRecord neighbour = worker_of({"container", "this boot"}, true, false);
  CHECK_FALSE(reason_lost(neighbour, kHere, kNow));
  CHECK_FALSE(in_this_boot(neighbour, kHere));
  CHECK(reason_lost(worker_of({"container", "this boot"}, false, true), kHere, kNow) ==
        "lease expired");
}

TEST_CASE("a worker registered before hosts were recorded is on this host") {
  const WorkerRecord old = worker_of({"", "this boot"}, true, false);
  CHECK(on_host(old, kHere));
  CHECK(in_this_boot(old, kHere));
  CHECK_FALSE(reason_lost(old, kHere, kNow));
}

TEST_CASE("this host has a name and a boot, and they do not change") {
  const auto first = this_host();
  REQUIRE(first);
  CHECK(first->host.size() > 1);
  CHECK(first->boot.size() == 36);
  CHECK(this_host()->host == first->host);
}
