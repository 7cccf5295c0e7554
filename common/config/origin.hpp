// SPDX-License-Identifier: Apache-2.0
#pragma once

// Patterns of origins, as CORS compares them (Fetch, 3.2).
//
//   https://app.example.org     this origin and no other
//   https://*.example.org       every host below example.org, at any depth, but not example.org
//   http://localhost:*          every port, including the default; may be combined with *.
//   *                           every origin; alone in its list
//
// Written as browsers send them: lower case, no path, no default port. "null", the origin of
// sandboxed frames and local files, matches nothing.
// Threads: pure.

#include "common/base/result.hpp"

#include <string>
#include <string_view>

namespace holdfast::config {

// The pattern itself, or why it is not valid.
Result<std::string> check_origin_pattern(const std::string& text);

// `pattern` has passed check_origin_pattern(); `origin` is whatever a client sent.
bool origin_matches(std::string_view pattern, std::string_view origin);

}  // namespace holdfast::config
