// SPDX-License-Identifier: Apache-2.0
#include "supervisor/daemon/watch_advice.hpp"

#include "supervisor/watch/ignore_rules.hpp"
#include "supervisor/watch/interest.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <system_error>

namespace holdfast::supervisor::daemon {

std::string watch_is_off(const config::Config& config, bool forced) {
  if (forced || config.environment == config::Environment::Development) return {};
  std::vector<std::string> names;
  for (const config::Program& program : config.programs) {
    if (!program.watch.empty() && !config::is_scheduled(program)) names.push_back(program.name);
  }
  if (names.empty()) return {};
  return fmt::format(
      "watch is off in production: {}; 'holdfast run --watch' turns it on, and so does "
      "environment = \"development\"",
      fmt::join(names, ", "));
}

std::vector<std::string> watch_advice(const config::Config& config,
                                      const config::Environ& environ) {
  std::vector<std::string> texts;
  if (std::string off = watch_is_off(config, false); !off.empty()) texts.push_back(std::move(off));
  std::error_code unknown;
  for (std::string& text : watch::advice(config.programs, std::filesystem::current_path(unknown),
                                         watch::user_ignore_file(environ)))
    texts.push_back(std::move(text));
  return texts;
}

}  // namespace holdfast::supervisor::daemon
