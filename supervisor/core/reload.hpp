// SPDX-License-Identifier: Apache-2.0
#pragma once

// A new configuration, applied to the programs that are running as one operation with one outcome.
//
// What was accepted is in force at once for everything that is started from then on, whatever the
// outcome. What runs is brought to it in the order of `after`, along any chain: a program whose
// processes have to be replaced waits for all changed programs that it comes after, and until its
// turn comes, a crash restarts it as it was. If one fails, those that come after it are given up:
// what they run stays, and ProgramView::differs says what of it is not as the file says. A changed
// oneshot is run once; if that fails it stays failed, and nothing runs again by itself.
//
// One reload at a time: the next one is applied when the one under way is over; of several that
// wait, the newest. Private to supervisor/core.

#include "supervisor/core/machine.hpp"

namespace holdfast::supervisor::core {

void on_reload(Machine& m, const Reload& reload);

// Takes all steps of the reload under way that can be taken now. Called by reconcile().
void advance_reload(Machine& m);
// A roll or a wait that belongs to the reload is over. `failure` empty: it went well.
void end_reload_part(Machine& m, std::uint32_t program, const std::string& failure);
// Whether the reload has not come to this program yet.
bool waits_in_reload(const Machine& m, const Program& program);
// Ends the reload under way, and the one that waits, for the shutdown.
void cancel_reload(Machine& m, const std::string& why);

}  // namespace holdfast::supervisor::core
