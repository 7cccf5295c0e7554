// SPDX-License-Identifier: Apache-2.0
#pragma once

// An Output that gathers the lines of one iteration of the caller's event loop and writes them in
// one write(2). This divides what a busy API worker's access log costs, both to write and for the
// supervisor to read, by the number of requests in an iteration.
//
// It never waits for its reader: what a full pipe does not take is held, up to a megabyte, and
// written later; beyond that, lines are dropped and counted.
//
// Threads: as for Output.

#include "common/log/output.hpp"

#include <functional>
#include <memory>

namespace holdfast::log {

// See LogOptions::defer.
using Defer = std::function<void(std::function<void()>)>;

std::unique_ptr<Output> make_gathering_output(int fd, Defer defer);

}  // namespace holdfast::log
