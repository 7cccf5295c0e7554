// SPDX-License-Identifier: Apache-2.0
#pragma once

// Prometheus' own checker of expositions.

#include "tests/support/process.hpp"

#include <string>

namespace holdfast::test {

// `promtool check metrics` on this text. Exit codes: 0 valid, 3 valid but against its naming
// conventions, 1 cannot be parsed.
Finished promtool_check(const std::string& exposition);

}  // namespace holdfast::test
