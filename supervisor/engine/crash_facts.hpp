// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a crash report takes from the last lines of a process: stack, error, request ids, and the
// lines themselves. Secrets are masked, and everything is bounded: a worker may have written
// anything.
//
// Threads: any; pure.

#include "supervisor/state/crash_report.hpp"

#include <string>
#include <vector>

namespace holdfast::supervisor {

// `own`: of one of Holdfast's workers, whose crash handler is trusted to have printed a stack.
void add_facts_of_lines(CrashReport& report, const std::vector<std::string>& lines, bool own);

}  // namespace holdfast::supervisor
