// SPDX-License-Identifier: Apache-2.0
#include "common/store/store.hpp"

#include "common/embedding/provider.hpp"
#include "common/os/file.hpp"
#include "common/store/maintenance.hpp"
#include "common/store/postgres/hnsw.hpp"
#include "common/store/postgres/postgres_store.hpp"
#include "common/store/postgres/schema.hpp"
#include "common/store/sqlite/maintenance.hpp"
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
                "the store's URL has no scheme: write sqlite:///absolute/path.db or "
                "postgresql://user@host/database");
  }
  return fail(ErrorKind::InvalidArgument,
              fmt::format("a store is sqlite:/// or postgresql://, not {}://", scheme));
}

Result<postgres::Endpoint> postgres_endpoint(const std::string& url, const OpenOptions& options) {
  return postgres::make_endpoint(url, options.statement_timeout, options.connect_timeout);
}

// A server is looked after with its own tools.
Result<std::filesystem::path> embedded_path(const std::string& url, std::string_view tool) {
  if (is_server(url)) {
    return fail(
        ErrorKind::InvalidArgument,
        fmt::format("this command is for the embedded engine; for PostgreSQL use {}", tool));
  }
  return sqlite_path(url);
}

}  // namespace

Result<CheckReport> check_store(const std::string& url, const std::filesystem::path& directory) {
  HOLDFAST_TRY_ASSIGN(const std::filesystem::path path, embedded_path(url, "pg_amcheck"));
  return sqlite::check(path, directory);
}

Result<BackupReport> backup_store(const std::string& url, const std::filesystem::path& target,
                                  bool overwrite) {
  HOLDFAST_TRY_ASSIGN(const std::filesystem::path path,
                      embedded_path(url, "pg_dump --schema=holdfast"));
  return sqlite::backup(path, absolute_path(target), overwrite);
}

Result<RestoreReport> restore_store(const std::string& url, const std::filesystem::path& source) {
  HOLDFAST_TRY_ASSIGN(const std::filesystem::path path, embedded_path(url, "pg_restore"));
  return sqlite::restore(path, absolute_path(source));
}

bool is_server(std::string_view url) {
  return url.starts_with("postgresql://") || url.starts_with("postgres://");
}

Result<std::unique_ptr<Store>> open_store(const std::string& url, const OpenOptions& options,
                                          const Clock& clock) {
  if (is_server(url)) {
    HOLDFAST_TRY_ASSIGN(const postgres::Endpoint endpoint, postgres_endpoint(url, options));
    return postgres::open_postgres_store(endpoint, options, clock);
  }
  HOLDFAST_TRY_ASSIGN(const std::filesystem::path path, sqlite_path(url));
  return sqlite::open_sqlite_store(path, options, clock);
}

Result<MigrationReport> migrate_store(const std::string& url, const OpenOptions& options) {
  if (is_server(url)) {
    HOLDFAST_TRY_ASSIGN(const postgres::Endpoint endpoint, postgres_endpoint(url, options));
    HOLDFAST_TRY_ASSIGN(MigrationReport report, postgres::migrate(endpoint, postgres_migrations()));
    HOLDFAST_TRY_ASSIGN(report.vector_search,
                        postgres::index_vectors(endpoint, options.dimensions));
    return report;
  }
  HOLDFAST_TRY_ASSIGN(const std::filesystem::path path, sqlite_path(url));
  return sqlite::migrate(path, sqlite_migrations());
}

Result<MigrationStatus> migration_status(const std::string& url, const OpenOptions& options) {
  if (is_server(url)) {
    HOLDFAST_TRY_ASSIGN(const postgres::Endpoint endpoint, postgres_endpoint(url, options));
    return postgres::migration_status(endpoint, postgres_migrations());
  }
  HOLDFAST_TRY_ASSIGN(const std::filesystem::path path, sqlite_path(url));
  return sqlite::migration_status(path, sqlite_migrations());
}

std::string store_url(const config::Config& config) {
  if (!config.store.url.empty()) return config.store.url;
  const auto path = absolute_path(config.supervisor.state_dir) / "holdfast.db";
  return "sqlite://" + path.native();
}

OpenOptions open_options(const config::Config& config) {
  OpenOptions options;
  options.relaxed_durability = config.store.relaxed_durability;
  options.max_attempts = config.queue.max_attempts;
  options.max_crashes = config.queue.max_crashes;
  options.dimensions = config.embedding.dimensions;
  options.vector_space = embedding::space_of(config.embedding);
  options.pool_size = config.store.pool_size;
  options.statement_timeout = config.store.statement_timeout;
  options.connect_timeout = config.store.connect_timeout;
  return options;
}

}  // namespace holdfast::store
