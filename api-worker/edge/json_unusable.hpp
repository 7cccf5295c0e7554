// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is well-formed JSON and still no value: a number beyond what a double holds, and an escape
// that is half a surrogate pair. The parser gives up a whole text for one of them.
//
// Threads: pure functions.

#include <cstddef>
#include <string>
#include <vector>

namespace holdfast::api {

struct UnusableJson {
  std::size_t at = 0;  // where it begins
  const char* wrong = nullptr;
};

// All of them, in order. In the text each is replaced by what is as long and has a value. What is
// not JSON stays as it is, or no JSON.
std::vector<UnusableJson> replace_unusable(std::string& json);

}  // namespace holdfast::api
