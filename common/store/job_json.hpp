// SPDX-License-Identifier: Apache-2.0
#pragma once

// A job as JSON: what the API answers, and what the command line prints. Threads: pure functions.

#include "common/store/types.hpp"

#include <string>

namespace holdfast::store {

std::string job_json(const Job& job);

}  // namespace holdfast::store
