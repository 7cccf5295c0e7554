// SPDX-License-Identifier: Apache-2.0
#pragma once

// Catch2 under one name: Debian 12 has v2, Debian 13 has v3. What the tests use is spelt as in v2.

#if __has_include(<catch2/catch_all.hpp>)
#include <catch2/catch_all.hpp>

#include <string>

using Catch::Approx;

namespace Catch {

using Matchers::EndsWith;
using Matchers::StartsWith;
inline auto Contains(const std::string& part) {
  return Matchers::ContainsSubstring(part);
}

}  // namespace Catch
#else
#include <catch2/catch.hpp>
#endif
