// SPDX-License-Identifier: Apache-2.0
#pragma once

// move_store(): everything that one SQLite file holds, into an empty PostgreSQL database: for who
// outgrows the file. Documents keep their ids and versions, jobs their ids, fences and budgets, API
// keys their digests. The file is not changed, and nobody else may have it open meanwhile.
//
// Resumable: each batch is one transaction of the target, which notes in it how far it is. Run
// again after whatever has interrupted it, it goes on there. Nothing counts as moved before every
// row has been compared by count and checksum, computed on each side from what is stored there.
//
// Threads: any; blocks for as long as it takes.

#include "common/base/result.hpp"
#include "common/store/store.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace holdfast::store {

struct MovedTable {
  std::string name;
  std::int64_t rows = 0;
  std::int64_t checksum = 0;
};

struct MoveReport {
  std::string from;  // as Store::describe()
  std::string to;
  bool already = false;           // an earlier run has moved all, and the file is as it was then
  bool resumed = false;           // an earlier run had begun it
  std::int64_t changed_text = 0;  // values with a NUL or what is not UTF-8, replaced by U+FFFD
  std::vector<MovedTable> tables;
  std::string vector_search;  // MigrationReport
};

// What is being done, after each batch. On the caller's thread.
struct MoveProgress {
  enum class Step { Copying, Comparing };
  Step step = Step::Copying;
  std::string table;
  std::int64_t rows = 0;  // so far
  std::int64_t of = 0;
};

// InvalidArgument: these are not such stores, or the file's schema is not this binary's.
// Unavailable: the target's is not. Conflict: the file is in use, or was written to since it was
// moved; the target holds other documents; or what is stored is not equal.
Result<MoveReport> move_store(const std::string& from, const std::string& to,
                              const OpenOptions& options,
                              const std::function<void(const MoveProgress&)>& progress = {});

}  // namespace holdfast::store
