// SPDX-License-Identifier: Apache-2.0
#pragma once

// Whether there is what somebody wants to pause or resume: a name with a mistake in it would change
// nothing, and look as if it had.
//
// Threads: any; it reads from the store.

#include "common/base/result.hpp"
#include "common/store/store.hpp"

#include <string>

namespace holdfast::store {

// InvalidArgument if the queue, or this kind of its jobs, is not known: neither Holdfast's own, nor
// that of any job, nor, to be resumed, paused. No kind: all of them.
Result<void> check_pause(Store& store, const std::string& queue, const std::string& kind,
                         bool paused);

}  // namespace holdfast::store
