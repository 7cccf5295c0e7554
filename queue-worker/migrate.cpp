// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/migrate.hpp"

#include "common/log/logger.hpp"
#include "common/os/exit_codes.hpp"
#include "common/store/store.hpp"
#include "common/worker/configuration.hpp"
#include "common/worker/runtime.hpp"

#include <sys/stat.h>
#include <unistd.h>

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
  return store::migrate_store(store::store_url(config));
}

}  // namespace

int migrate(const config::Environ& environ, int log_fd) {
  auto descriptors = notify::take_listen_fds(environ, ::getpid());
  if (!descriptors) {
    fmt::print(stderr, "{}\n", descriptors.error().message);
    return exit_code::kSoftware;
  }
  const auto loaded = worker::read_configuration(*descriptors, environ);
  if (!loaded) {
    fmt::print(stderr, "{}\n", config::format(loaded.error()));
    return exit_code::kConfig;
  }
  const auto levels = worker::take_level_page(*descriptors);
  log::LogOptions options =
      log::options_for(loaded->config.log.level, loaded->config.log.format, log_fd);
  if (levels) options.chosen_level = levels->at(0);  // a oneshot has one slot
  options.redact = worker::redact_paths(loaded->config);
  const log::Logger log(options);
  const auto report = run(loaded->config);
  if (!report) {
    log.error("migrate failed", {{"err", log::err_of(report.error())}});
    return worker::exit_code_of(report.error());
  }
  log.info(report->from == report->to ? "the schema is up to date" : "migrated the store",
           {{"from", report->from}, {"to", report->to}});
  return 0;
}

}  // namespace holdfast::queue
