// SPDX-License-Identifier: Apache-2.0
#pragma once

// What is known of the files that programs watch. Threads: values.

#include <cstddef>
#include <map>
#include <string>

namespace holdfast::supervisor {

struct WatchState {
  bool active = false;
  std::size_t directories = 0;  // that are watched
  std::string problem;          // what is not, for people; empty: all is well
  bool operator==(const WatchState&) const = default;
};

using WatchStates = std::map<std::string, WatchState>;  // by program

}  // namespace holdfast::supervisor
