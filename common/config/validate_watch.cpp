// SPDX-License-Identifier: Apache-2.0
#include "common/config/validate.hpp"

namespace holdfast::config {

void validate_watch(const Program& program, LoadReport& report) {
  const std::string section = "program." + program.name;
  if (program.watch.empty()) {
    for (const char* key : {"watch_ignore", "watch_delay", "watch_dependants"}) {
      if (!report.given(section, key)) continue;
      report.warning(section, key, fmt::format("{} has no effect without 'watch'", key));
    }
  } else if (is_scheduled(program)) {
    report.warning(section, "watch",
                   "watch has no effect: what runs at times is started from the files as they are "
                   "then");
  }
}

}  // namespace holdfast::config
