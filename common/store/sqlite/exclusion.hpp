// SPDX-License-Identifier: Apache-2.0
#pragma once

// Exclusion: nobody else has the database open while it lives, and nobody can begin to read it.
// Every connection of a database in WAL mode holds a lock on some bytes of the file for as long as
// it lives (SQLite's "PENDING", "RESERVED" and "SHARED" bytes); this is one on all of them.
//
// Threads: any. This process must have no connection to it: the end of this object would take its
// locks away.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <filesystem>

namespace holdfast::store::sqlite {

class Exclusion {
 public:
  // Unavailable: somebody has it open.
  static Result<Exclusion> from(const std::filesystem::path& database);

 private:
  explicit Exclusion(Fd file) : file_(std::move(file)) {}
  Fd file_;
};

}  // namespace holdfast::store::sqlite
