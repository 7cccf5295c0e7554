// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/location.hpp"

#include <sqlite3.h>

#include <system_error>

namespace holdfast::store::sqlite {

namespace fs = std::filesystem;

Result<fs::path> follow_links(const fs::path& database, const TargetOf& target_of) {
  constexpr int kMostLinks = 40;  // the kernel's limit
  fs::path path = database;
  // Not fs::canonical: a link may lead to a database that is yet to be made.
  for (int i = 0; i < kMostLinks; ++i) {
    HOLDFAST_TRY_ASSIGN(const auto target, target_of(path));
    if (!target) break;
    path = path.parent_path() / *target;  // an absolute one takes its place
  }
  std::error_code error;
  const fs::path folder = fs::canonical(path.has_parent_path() ? path.parent_path() : ".", error);
  return error ? path : folder / path.filename();
}

fs::path real_path(const fs::path& database) {
  const auto real =
      follow_links(database, [](const fs::path& path) -> Result<std::optional<fs::path>> {
        std::error_code error;
        fs::path target = fs::read_symlink(path, error);
        return error ? std::nullopt : std::optional(std::move(target));
      });
  return real.value_or(database);
}

fs::path beside(const fs::path& database, const char* suffix) {
  return database.native() + suffix;
}

bool is_replaced(sqlite3* connection, const fs::path& path) {
  const char* const opened = sqlite3_db_filename(connection, "main");
  if (opened == nullptr || *opened == '\0') return false;  // in memory
  int moved = 0;
  sqlite3_file_control(connection, "main", SQLITE_FCNTL_HAS_MOVED, &moved);
  if (moved != 0) return true;
  std::error_code error;
  return !fs::equivalent(path, opened, error);  // a link leads elsewhere
}

}  // namespace holdfast::store::sqlite
