// SPDX-License-Identifier: Apache-2.0
#pragma once

// The command line as a value. Only arguments.cpp uses the parser library.

#include "common/completion/scripts.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::cli {

enum class Verb {
  Run,
  Status,
  AlertTest,
  Restart,
  Stop,
  Start,
  Scale,
  Signal,
  Reload,
  Events,
  Logs,
  Crashes,
  CrashShow,
  LogLevel,
  Completion,
  Names,
  Health,
  CheckConfig,
  Import,
  Notify,
  Alerts,
  AlertsSilence,
  AlertsUnsilence,
  ApiKeyCreate,
  ApiKeyList,
  ApiKeyRevoke,
  ApiKeyRotate,
  Version
};

struct Arguments {
  Verb verb = Verb::Version;
  std::optional<std::filesystem::path> config;  // --config; else HOLDFAST_CONFIG, else /etc
  // restart, stop, start, scale, signal, status, logs, log-level: what it is about
  // (core/selection.hpp)
  std::vector<std::string> names;
  std::string name;                        // api-key: the name to create, or an id; crashes show
  std::string signal;                      // signal
  std::vector<std::string> assignments;    // notify
  std::uint32_t count = 0;                 // scale
  bool json = false;                       // status, events, logs, alerts, api-key list, alert test
  bool watch = false;                      // run: restart on file changes; status: redraw
  bool follow = false;                     // events, logs
  std::uint32_t lines = 50;                // events, crashes
  std::optional<std::uint32_t> log_lines;  // logs; none: 50, or all since a time
  std::string since;                       // logs
  std::string until;                       // logs
  std::string level;                       // logs, log-level; empty: not given
  std::string grep;                        // logs
  std::string request_id;                  // logs
  bool reset = false;                      // log-level
  bool no_wait = false;                    // restart, stop, start, scale, signal, reload
  bool ready = false;                      // health
  bool diff = false;                       // check-config
  std::filesystem::path file;              // import
  std::filesystem::path output;            // import; empty: standard output
  std::string from;                        // import: the kind of file; empty: as it looks
  std::string shell;                       // completion
  std::string scope = "read";              // api-key create
  std::uint32_t rate_limit = 0;            // api-key create; 0: as configured
  std::string expires;                     // api-key create, rotate; empty: never, or as before
  std::string overlap = "24h";             // api-key rotate
  bool history = false;                    // alerts
  std::string length;                      // alerts silence: for how long
  std::string target;                      // alerts silence, unsilence; empty: every one
  std::string receiver;                    // alert test; empty: all of them
};

// The arguments, or the exit code after --help, --version or a usage error was printed.
struct Parsed {
  std::optional<Arguments> arguments;
  int exit_code = 0;
};
Parsed parse_arguments(int argc, char** argv);

// A description of the command line, for the completion scripts.
completion::CommandLineSpec command_line_spec();

}  // namespace holdfast::supervisor::cli
