// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is well-formed HTTP and still no good to the document API, and the status that each gets;
// and what looks bad and is served. docs/http-limits.md shows both.

#include "tests/support/hostile/requests.hpp"

namespace holdfast::api::test {

std::vector<holdfast::test::HostileGroup> hostile_inputs();

}  // namespace holdfast::api::test
