// SPDX-License-Identifier: Apache-2.0
#pragma once

// The origins of pages that may call the API from a browser, as CORS compares them (Fetch, 3.2).
//
//   https://app.example.org     this origin and no other
//   https://*.example.org       every host below example.org, at any depth; not example.org itself
//   http://localhost:*          every port, the default one included; also with *.
//   *                           every origin; alone in its list
//
// Written as browsers send them: lower case, no path, no default port. "null", the origin of
// sandboxed frames and local files, matches nothing.
// Threads: pure functions.

#include "common/base/result.hpp"

#include <string>
#include <string_view>

namespace holdfast::config {

// The pattern itself, or why it is not one.
Result<std::string> check_origin_pattern(const std::string& text);

// `pattern` has passed check_origin_pattern(); `origin` is whatever a client sent.
bool origin_matches(std::string_view pattern, std::string_view origin);

}  // namespace holdfast::config
