// SPDX-License-Identifier: Apache-2.0
#include "supervisor/daemon/check_config.hpp"

#include "common/config/show.hpp"
#include "supervisor/cli/arguments.hpp"
#include "supervisor/engine/programs.hpp"

#include <cstdio>

namespace holdfast::supervisor::cli {

int check_config(const std::optional<std::filesystem::path>& config_file,
                 const config::Environ& environ) {
  const auto loaded = config::load(config_file, environ);
  if (!loaded) {
    fmt::print(stderr, "{}\n", config::format(loaded.error()));
    return kExitConfig;
  }
  const PreparedPrograms prepared = prepare_programs(loaded->config.programs, environ);
  for (const std::string& warning : loaded->warnings)
    fmt::print(stderr, "warning: {}\n", warning);
  for (const std::string& problem : prepared.problems)
    fmt::print(stderr, "{}\n", problem);
  if (!prepared.problems.empty()) return kExitConfig;
  fmt::print("{}", config::show(loaded->config));
  return kExitOk;
}

}  // namespace holdfast::supervisor::cli
