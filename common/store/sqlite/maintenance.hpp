// SPDX-License-Identifier: Apache-2.0
#pragma once

// common/store/maintenance.hpp for the embedded engine. `database` and the other paths are
// absolute.

#include "common/store/maintenance.hpp"

#include <filesystem>

namespace holdfast::store::sqlite {

Result<CheckReport> check(const std::filesystem::path& database,
                          const std::filesystem::path& directory);
Result<BackupReport> backup(const std::filesystem::path& database,
                            const std::filesystem::path& target, bool overwrite);
Result<RestoreReport> restore(const std::filesystem::path& database,
                              const std::filesystem::path& source);

}  // namespace holdfast::store::sqlite
