// SPDX-License-Identifier: Apache-2.0
#include "supervisor/daemon/check_config.hpp"

#include "common/command_line/output.hpp"
#include "common/config/show.hpp"
#include "common/os/exit_codes.hpp"
#include "supervisor/daemon/watch_advice.hpp"
#include "supervisor/engine/programs.hpp"
#include "supervisor/engine/worker_user.hpp"
#include "supervisor/sockets/listeners.hpp"

#include <cstdio>

namespace holdfast::supervisor::daemon {

int check_config(const std::optional<std::filesystem::path>& config_file,
                 const config::Environ& environ) {
  auto loaded = config::load(config_file, environ, Pipes::Read);
  if (!loaded) {
    command_line::complain(config::format(loaded.error()));
    return exit_code::kConfig;
  }
  if (const auto user = assign_worker_user(loaded->config); !user.warning.empty())
    loaded->warnings.push_back(user.warning);
  PreparedPrograms prepared = prepare_programs(loaded->config, environ);
  if (const auto listeners = sockets::ListenerSet::check(loaded->config.listen); !listeners)
    prepared.problems.push_back(listeners.error().message);
  for (const std::string& warning : loaded->warnings)
    command_line::complain("warning: " + warning);
  for (const std::string& warning : watch_advice(loaded->config, environ))
    command_line::complain("warning: " + warning);
  for (const std::string& problem : prepared.problems)
    command_line::complain(problem);
  if (!prepared.problems.empty()) return exit_code::kConfig;
  fmt::print("{}", config::show(loaded->config));
  return exit_code::kOk;
}

}  // namespace holdfast::supervisor::daemon
