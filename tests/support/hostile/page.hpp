// SPDX-License-Identifier: Apache-2.0
#pragma once

// Reads docs/http-limits.md for its tests.

#include "tests/support/hostile/requests.hpp"

#include <string>

namespace holdfast::test {

// The table of one group as the page must show it: rows of "| name | status |".
std::string page_table(const HostileGroup& group);

// The text under "### title", up to the next heading; empty if there is no such heading.
std::string page_section(const std::string& title);

}  // namespace holdfast::test
