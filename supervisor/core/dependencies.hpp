// SPDX-License-Identifier: Apache-2.0
#pragma once

// The order of start that `after` asks for. For the validation of a configuration: the core itself
// only ever looks at neighbours. Threads: pure functions.

#include "common/base/result.hpp"
#include "common/config/config.hpp"

#include <cstddef>
#include <vector>

namespace holdfast::supervisor::core {

// Indices into `programs`, dependencies first, else in the order given (Kahn 1962). Errors,
// InvalidArgument: a duplicate name, an unknown name in `after`, a cycle ("a -> b -> a": a starts
// after b).
Result<std::vector<std::size_t>> start_order(const std::vector<config::Program>& programs);

Result<void> check_dependencies(const std::vector<config::Program>& programs);

}  // namespace holdfast::supervisor::core
