// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the names in a command stand for:
//
//   api            the program, with all its slots
//   api.0          one slot
//   web*, api.?    globs: programs, or, where no program matches, slots
//   group:backend  the programs with groups = ["backend"]; the group may be a glob
//   all            every program
//
// Threads: any; pure. Cost: O(names * programs), with a glob of slots O(names * slots).

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::supervisor::core {

// A program as far as its names go.
struct Nameable {
  std::string_view name;
  const std::vector<std::string>* groups = nullptr;  // never null where it is read
  std::vector<std::uint32_t> slots;                  // ascending
};

// A program that was named, as a whole or some of its slots.
struct Chosen {
  std::size_t program = 0;  // its place in the fleet
  bool whole = false;
  bool named = false;                // by its own name, not only by a glob, a group or "all"
  std::vector<std::uint32_t> slots;  // ascending, each once
};

struct Selection {
  std::vector<Chosen> chosen;  // each program once, in the order of the fleet
  std::string error;           // why there is none: a name for nothing, and names that are near it
};

// Nothing is chosen if one of the names stands for nothing.
Selection select(const std::vector<std::string>& names, const std::vector<Nameable>& fleet);

}  // namespace holdfast::supervisor::core
