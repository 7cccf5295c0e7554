// SPDX-License-Identifier: Apache-2.0
#pragma once

// Restarts because watched files have changed. The shell tells of each change (FilesChanged); here
// is decided what follows:
//
//   Changes are gathered until none has come for watch_delay, and for no longer than ten times
//   that. Then what runs of the program, and with watch_dependants what comes after it, is
//   restarted as by one command: rolls in the order of `after`, given up after the first failure.
//   What is to run and is down, in back-off, in a crash loop or failed, is started at once. What a
//   command has stopped stays stopped, and what was never started starts with the files as they
//   are. A roll that is under way began with older files. It is ended, and a process of it that is
//   not ready yet is stopped: nobody waits for a start that hangs once the mistake is mended. Only
//   what a reload does, or a moment in which two processes serve, is waited for.
//
// Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

void on_files_changed(Machine& m, const FilesChanged& event);
// The files have settled.
void on_changes_due(Machine& m, const DeadlineKey& key);
// Restarts what is due and does not have to wait. Called by reconcile().
void advance_changes(Machine& m);
// The program no longer watches files, or is removed.
void forget_changes(Machine& m, Program& program);

}  // namespace holdfast::supervisor::core
