// SPDX-License-Identifier: Apache-2.0
#pragma once

// The embedded engine: one SQLite file in WAL mode, shared by any number of processes of one
// machine. One writer thread and connection per process, a pool of read-only ones beside it.

#include "common/store/store.hpp"

#include <filesystem>
#include <memory>

namespace holdfast::store::sqlite {

// `path`: absolute, made by migrate(). `clock` outlives the store.
Result<std::unique_ptr<Store>> open_sqlite_store(const std::filesystem::path& path,
                                                 const OpenOptions& options, const Clock& clock);

}  // namespace holdfast::store::sqlite
