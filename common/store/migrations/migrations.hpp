// SPDX-License-Identifier: Apache-2.0
#pragma once

// The numbered SQL files of each engine's folder, compiled in: no path to find at run time, and a
// binary always carries the schema it was written for. Threads: constants.

#include <cstdint>
#include <span>

namespace holdfast::store {

struct Migration {
  std::int64_t version;
  const char* name;
  const char* sql;
};

// In order, versions 1, 2, 3, …
std::span<const Migration> postgres_migrations();
std::span<const Migration> sqlite_migrations();

}  // namespace holdfast::store
