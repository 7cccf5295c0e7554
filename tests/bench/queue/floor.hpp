// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the disk and the two engines can do by themselves: the limit of any queue on top of them.

#include "tests/bench/queue/beds.hpp"

namespace holdfast::bench {

// 4 KiB each, one after the other.
double synced_writes_per_second(Beds& beds);
// One row of 200 bytes a transaction, synced, by one writer of a table without an index.
double sqlite_inserts_per_second(Beds& beds, int seconds);
// The same, by `pgbench -M prepared`.
double postgres_inserts_per_second(Beds& beds, int clients, int seconds);

}  // namespace holdfast::bench
