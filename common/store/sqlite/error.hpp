// SPDX-License-Identifier: Apache-2.0
#pragma once

// SQLite's result codes as errors that say what to do. Threads: pure function.

#include "common/base/result.hpp"

#include <filesystem>
#include <string_view>

namespace holdfast::store::sqlite {

// What to do about a damaged file. Not `.recover`, which Debian's sqlite3 is built without; `.dump`
// reads a damaged table from both ends.
constexpr const char* kSalvage =
    "restore the newest backup that is sound (holdfast-queue-worker restore FILE); without one, "
    "salvage what is left: sqlite3 DATABASE .dump | sed 's/^ROLLBACK.*/COMMIT;/' | sqlite3 "
    "SALVAGED, "
    "and put that in its place";

// `extended`: SQLite's extended result code. `os_error`: sqlite3_system_errno(), or 0.
Error make_error(int extended, int os_error, std::string_view message,
                 const std::filesystem::path& database);

}  // namespace holdfast::store::sqlite
