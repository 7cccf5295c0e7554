// SPDX-License-Identifier: Apache-2.0
#pragma once

// How a process is replaced by a new one: beside it, or after it. Threads: pure functions.

#include "common/config/config.hpp"

namespace holdfast::config {

// Fills Program::ready_at_socket and Program::health_at_socket. To be called when the listeners
// are complete.
void note_probed_sockets(Config& config);

// Whether a new process of the program is started beside the old one, which stops only when the
// new one is ready. That is right only if both can run at a time, and if being ready can be told
// of the new one alone: it says so itself, or a probe of an inherited socket is shown to have
// reached it (supervisor/engine/probe_address.hpp).
bool overlaps(const Program& program);

// The keys in which {port} stands.
std::vector<const char*> uses_of_port(const Program& program);

}  // namespace holdfast::config
