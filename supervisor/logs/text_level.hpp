// SPDX-License-Identifier: Apache-2.0
#pragma once

// The severity that a plain line of text states of itself, where the usual loggers write it: at the
// beginning, after a time, a logger's name or a process id.
//
//   ERROR:root:no route                          Python's logging
//   2026-11-29 10:00:00,000 - app - ERROR - …    the same with a format
//   10:00:00.000 [main] ERROR c.e.App - …        logback, log4j
//   [2026-11-29 10:00:00 +0000] [7] [ERROR] …    gunicorn
//   2026/11/29 10:00:00 [error] 7#7: …           nginx
//   2026-11-29T10:00:00.000Z\terror\t…           zap's console
//   [2026-11-29T10:00:00+00:00] app.ERROR: …     Monolog
//   fail: Shop.Orders[7]                         .NET's console
//   level=error msg=…                            logfmt
//   E1129 10:00:00.000000 7 main.cc:1] …         glog
//   <3>…                                         sd-daemon(3)
//   ==7==ERROR: …                                sanitizers
//   panic: …, error: …, Warning: …               a word and a colon
//
// Words in the middle of a sentence state nothing: "no ERROR was found".
//
// Threads: any; pure. Looks at the first 160 bytes.

#include "common/log/level.hpp"

#include <optional>
#include <string_view>

namespace holdfast::supervisor::logs {

std::optional<log::Level> text_level(std::string_view line);

// Whether it begins with sd-daemon(3)'s priority, which is no part of the text: "<3>no route".
inline constexpr std::size_t kPriorityPrefix = 3;
bool has_priority(std::string_view line);

}  // namespace holdfast::supervisor::logs
