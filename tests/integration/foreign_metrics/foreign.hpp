// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the tests of foreign programs' metrics share.

#include "tests/support/free_port.hpp"
#include "tests/support/programs.hpp"

#include <string>
#include <vector>

namespace holdfast::test {

// The path of a file of this folder.
std::string here(const std::string& name);

// A directory with the packages of package-lock.json below it; installed once.
std::string node_path();

// The aggregate in the format that an Accept header asks for.
http::Response scrape(Stack& stack, const std::string& accept);

// promtool and the parser of Python's client library find the aggregate valid, the one as text, the
// other as OpenMetrics. What promtool complains of besides are names that begin with `foreign`.
void check_valid(Stack& stack, const std::vector<std::string>& foreign);

// Whether the last collection had this worker's answer.
bool is_up(Stack& stack, const std::string& worker);

}  // namespace holdfast::test
