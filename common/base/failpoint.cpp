// SPDX-License-Identifier: Apache-2.0
#include "common/base/failpoint.hpp"

namespace holdfast {

// Weak: a test program's own definition takes its place.
[[gnu::weak]] void failpoint(FaultStep, std::string_view) {}

}  // namespace holdfast
