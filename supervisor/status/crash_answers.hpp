// SPDX-License-Identifier: Apache-2.0
#pragma once

// `GET /crashes`: the crash reports that are kept, the newest first.
//
//   /crashes?name=N&limit=K     which worker, when, why, and the stack: for everybody
//   /crashes/ID, /crashes/latest?name=N    a whole report, with log lines and request ids: for
//                                          administrators
//
// Threads: the telemetry thread; a whole report is answered from the store's.

#include "common/http/handler.hpp"
#include "supervisor/state/crash_store.hpp"
#include "supervisor/state/snapshot.hpp"

namespace holdfast::supervisor::status {

bool is_crash_path(std::string_view path);

// `whole`: whether the client may read whole reports.
void answer_crashes(CrashStore& crashes, const FleetSnapshot& snapshot,
                    const http::Request& request, bool whole, http::Responder respond);

}  // namespace holdfast::supervisor::status
