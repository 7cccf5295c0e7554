// SPDX-License-Identifier: Apache-2.0
#pragma once

// The severity and the form of log lines: what the configuration chooses and the logger obeys.
// Values; any thread.

#include <string_view>

namespace holdfast::log {

enum class Level { Trace, Debug, Info, Warn, Error };
enum class Format { Json, Pretty };

constexpr std::string_view to_string(Level level) {  // "info"
  switch (level) {
    case Level::Trace: return "trace";
    case Level::Debug: return "debug";
    case Level::Info: return "info";
    case Level::Warn: return "warn";
    case Level::Error: return "error";
  }
  return "unknown";
}

}  // namespace holdfast::log
