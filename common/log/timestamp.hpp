// SPDX-License-Identifier: Apache-2.0
#pragma once

// Wall time as text for little more than a copy: the date is computed only once per second and
// thread. Threads: any.

#include "common/log/line.hpp"

namespace holdfast::log {

void append_timestamp(Buffer& out, WallTime time);    // "2026-11-23T11:42:43.482Z"
void append_time_of_day(Buffer& out, WallTime time);  // "11:42:43.482"

}  // namespace holdfast::log
