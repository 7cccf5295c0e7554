// SPDX-License-Identifier: Apache-2.0
#include "common/store/store.hpp"

#include "common/store/sqlite/schema.hpp"
#include "common/store/sqlite/sqlite_store.hpp"

#include <filesystem>
#include <string_view>

namespace holdfast::store {

namespace {

// The errors name the scheme only: a URL may hold a password.
Result<std::filesystem::path> sqlite_path(std::string_view url) {
  constexpr std::string_view kScheme = "sqlite://";
  if (url.starts_with(kScheme)) {
    const std::filesystem::path path(url.substr(kScheme.size()));
    if (path.is_absolute() && path.has_filename()) return path;
    return fail(ErrorKind::InvalidArgument,
                fmt::format("'{}' names no file: write sqlite:///absolute/path.db", url));
  }
  const std::size_t colon = url.find(':');
  const std::string_view scheme = url.substr(0, colon);
  if (colon == std::string_view::npos) {
    return fail(ErrorKind::InvalidArgument,
                "the store's URL has no scheme: write sqlite:///absolute/path.db");
  }
  return fail(ErrorKind::InvalidArgument,
              fmt::format("this build supports only sqlite:/// as a store, not {}://", scheme));
}

}  // namespace

Result<std::unique_ptr<Store>> open_store(const std::string& url, const OpenOptions& options,
                                          const Clock& clock) {
  HOLDFAST_TRY_ASSIGN(const std::filesystem::path path, sqlite_path(url));
  return sqlite::open_sqlite_store(path, options, clock);
}

Result<MigrationReport> migrate_store(const std::string& url) {
  HOLDFAST_TRY_ASSIGN(const std::filesystem::path path, sqlite_path(url));
  return sqlite::migrate(path, sqlite_migrations());
}

std::string store_url(const config::Config& config) {
  if (!config.store.url.empty()) return config.store.url;
  const auto path = std::filesystem::absolute(config.supervisor.state_dir) / "holdfast.db";
  return "sqlite://" + path.native();
}

OpenOptions open_options(const config::Config& config) {
  OpenOptions options;
  options.relaxed_durability = config.store.relaxed_durability;
  options.max_attempts = config.queue.max_attempts;
  options.max_crashes = config.queue.max_crashes;
  return options;
}

}  // namespace holdfast::store
