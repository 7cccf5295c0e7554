// SPDX-License-Identifier: Apache-2.0
#pragma once

// A command about several programs: one request with one outcome. What it asks of each program is
// an order of its own, given when its turn comes: dependencies before dependants to start, restart,
// scale and signal, dependants before dependencies to stop, along any chain of `after`. If a
// program cannot be started or restarted, those of the batch that come after it are given up; the
// other commands go on. A later command about one of its programs takes the place of what has not
// begun there. Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

// `orders`: at least one, about different programs; their requests are not set yet.
void begin_batch(Machine& m, std::uint64_t request, std::vector<Order> orders);

// A later command is about this program: what batches have not begun of theirs there is given up.
void supersede(Machine& m, std::uint32_t program);

// Gives the orders whose turn has come, and answers the batches that are over. In a shutdown, what
// has not begun is given up. Called by reconcile().
void advance_batches(Machine& m);

}  // namespace holdfast::supervisor::core
