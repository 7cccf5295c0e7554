// SPDX-License-Identifier: Apache-2.0
#pragma once

// How long what failed waits before its next attempt: exponential with full jitter (M. Brooker,
// "Exponential Backoff And Jitter", AWS Architecture Blog, 2015): uniform in [0, min(cap, base x
// 2^(attempt - 1))]. What failed together comes back spread out.
//
// Threads: pure functions.

#include "common/base/clock.hpp"

#include <cstdint>

namespace holdfast {

// `attempt`: how many attempts were made, from 1. `random`: uniform in [0, 1).
Duration full_jitter(std::int32_t attempt, Duration base, Duration cap, double random);

// `period` made longer or shorter by up to `share` of itself, so that workers started together
// do not look at the queue together. `random`: uniform in [0, 1).
Duration jittered(Duration period, double share, double random);

}  // namespace holdfast
