// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/migrate.hpp"

#include "common/command_line/output.hpp"
#include "common/log/logger.hpp"
#include "common/os/exit_codes.hpp"
#include "common/store/store.hpp"
#include "common/worker/runtime.hpp"
#include "queue-worker/command_start.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>

namespace holdfast::queue {

namespace {

Result<void> make_state_directory(const std::filesystem::path& directory) {
  std::error_code error;
  if (directory.has_parent_path()) {
    std::filesystem::create_directories(directory.parent_path(), error);
    if (error) return fail_errno(error.value(), fmt::format("create '{}'", directory.native()));
  }
  if (::mkdir(directory.c_str(), 0750) == 0) {
    if (::chmod(directory.c_str(), 0750) == 0) return {};  // what the umask took
  } else if (errno == EEXIST) {
    return {};
  }
  return fail_errno(errno, fmt::format("create '{}'", directory.native()));
}

Result<store::MigrationReport> run(const config::Config& config) {
  HOLDFAST_TRY(make_state_directory(config.supervisor.state_dir));
  return store::migrate_store(store::store_url(config), store::open_options(config));
}

constexpr int kPending = 3;

void print_status(const store::MigrationStatus& status) {
  fmt::print("{}\n", status.store);
  for (const auto& [version, name, applied_at] : status.migrations) {
    const std::string when = applied_at ? "applied " + format_unix_ms(*applied_at) : "pending";
    fmt::print("  {}  {}\n", name, when);
  }
  const std::int64_t newest = status.migrations.empty() ? 0 : status.migrations.back().version;
  if (status.version > newest) {
    fmt::print("schema {}; this binary knows {}{}\n", status.version, newest,
               status.too_new ? " and is too old for it" : " and can work with it");
  } else if (status.version == newest) {
    fmt::print("schema {}: up to date\n", status.version);
  } else {
    fmt::print("schema {} of {}: run holdfast-queue-worker migrate\n", status.version, newest);
  }
}

}  // namespace

int migrate(const config::Environ& environ, int log_fd) {
  const auto started = take_start(environ);
  if (!started) return started.error();
  const config::Config& config = started->configuration.config;
  log::LogOptions options = log::options_for(config.log.level, config.log.format, log_fd);
  if (started->levels) options.chosen_level = started->levels->at(0);  // a oneshot has one slot
  options.redact = worker::redact_paths(config);
  const log::Logger log(options);
  const auto report = run(config);
  if (!report) {
    log.error("migrate failed", {{"err", log::err_of(report.error())}});
    return worker::exit_code_of(report.error());
  }
  log.info(report->from == report->to ? "the schema is up to date" : "migrated the store",
           {{"store", report->store},
            {"from", report->from},
            {"to", report->to},
            {"vector_search", report->vector_search}});
  return 0;
}

int migrate_status(const config::Environ& environ) {
  const auto started = take_start(environ);
  if (!started) return started.error();
  const config::Config& config = started->configuration.config;
  const auto status =
      store::migration_status(store::store_url(config), store::open_options(config));
  if (!status) {
    command_line::complain(status.error().message);
    return worker::exit_code_of(status.error());
  }
  print_status(*status);
  if (status->too_new) return exit_code::kFailed;
  const bool pending =
      !status->migrations.empty() && status->version < status->migrations.back().version;
  return pending ? kPending : exit_code::kOk;
}

}  // namespace holdfast::queue
