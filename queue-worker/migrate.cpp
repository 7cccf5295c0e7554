// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/migrate.hpp"

#include "common/log/logger.hpp"
#include "common/os/exit_codes.hpp"
#include "common/protocol/variables.hpp"
#include "common/store/store.hpp"

#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <optional>

namespace holdfast::queue {

namespace {

std::optional<std::filesystem::path> config_file(const config::Environ& environ) {
  const auto found = environ.find(protocol::kConfig);
  if (found == environ.end() || found->second.empty()) return std::nullopt;
  return found->second;
}

Result<void> make_state_directory(const std::filesystem::path& directory) {
  std::error_code error;
  if (directory.has_parent_path()) {
    std::filesystem::create_directories(directory.parent_path(), error);
    if (error) return fail_errno(error.value(), fmt::format("create '{}'", directory.native()));
  }
  if (::mkdir(directory.c_str(), 0750) == 0 || errno == EEXIST) return {};
  return fail_errno(errno, fmt::format("create '{}'", directory.native()));
}

Result<store::MigrationReport> run(const config::Config& config) {
  HOLDFAST_TRY(make_state_directory(config.supervisor.state_dir));
  return store::migrate_store(store::store_url(config));
}

}  // namespace

int migrate(const config::Environ& environ, int log_fd) {
  const auto loaded = config::load(config_file(environ), environ);
  if (!loaded) {
    fmt::print(stderr, "{}\n", config::format(loaded.error()));
    return exit_code::kConfig;
  }
  const log::Logger log(
      log::options_for(loaded->config.log.level, loaded->config.log.format, log_fd));
  const auto report = run(loaded->config);
  if (!report) {
    log.error("migrate failed", {{"err", log::err_of(report.error())}});
    return report.error().kind == ErrorKind::InvalidArgument ? exit_code::kConfig
                                                             : exit_code::kFailed;
  }
  log.info(report->from == report->to ? "the schema is up to date" : "migrated the store",
           {{"from", report->from}, {"to", report->to}});
  return 0;
}

}  // namespace holdfast::queue
