// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a batch got for its documents, as the text that is kept with its idempotency key: a line
// for each, "ID JOB", without the ID for one that was not stored. Threads: pure functions.

#include "common/base/result.hpp"
#include "common/store/types.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace holdfast::store {

// Conflict if none of `documents`, of which there are some, could be stored.
Result<void> check_some_stored(const CreatedBatch& batch,
                               const std::vector<NewDocument>& documents);

std::string format_batch_answer(const CreatedBatch& batch);
// As a repeated answer. DataLoss.
Result<CreatedBatch> parse_batch_answer(std::string_view answer);

}  // namespace holdfast::store
