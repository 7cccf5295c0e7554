// SPDX-License-Identifier: Apache-2.0
#pragma once

// ErrorLine: a log line of level error or above, as the relay has understood it: Holdfast's own,
// pino's and bunyan's numbers, zap, Python's logging, or plain text of a stream whose configured
// level is error. Secrets are masked.
//
// Threads: a value.

#include "common/base/clock.hpp"

#include <cstdint>
#include <string>

namespace holdfast::supervisor::logs {

struct ErrorLine {
  std::string program;
  std::string worker;   // "api-worker.0"; "holdfast": the supervisor itself
  std::string process;  // which process wrote it: that of the worker, and the one the line names
  MonoTime time{};
  std::string request_id;  // empty: the line names none
  std::string job_id;
  std::string message;  // at most 1 KiB
  std::string type;     // of the error that it reports: "TypeError"; empty: none
  std::string stack;    // at most 4 KiB
  // Error lines of the program that were left out since the last one that was passed on.
  std::uint64_t left_out = 0;
};

}  // namespace holdfast::supervisor::logs
