// SPDX-License-Identifier: Apache-2.0
#pragma once

// SQLite's result codes as errors that say what to do. Threads: pure function.

#include "common/base/result.hpp"

#include <filesystem>
#include <string_view>

namespace holdfast::store::sqlite {

// `extended`: SQLite's extended result code. `os_error`: sqlite3_system_errno(), or 0.
Error make_error(int extended, int os_error, std::string_view message,
                 const std::filesystem::path& database);

}  // namespace holdfast::store::sqlite
