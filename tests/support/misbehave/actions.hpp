// SPDX-License-Identifier: Apache-2.0
#pragma once

// The actions themselves. Self-contained on purpose: a foreign program shares no code with
// Holdfast.

#include <string>

namespace misbehave {

// sd_notify(3) by hand; does nothing without NOTIFY_SOCKET.
void notify(const std::string& message);
void notify_with_descriptor(const std::string& message);

void write_all(int fd, const std::string& text);
void sleep_ms(long ms);

void flood_notify(long count);
void flood_log(int fd, long count, bool one_write_per_line, bool json);
void garbage_notify();   // NULs, too long, no key, descriptors attached
void fork_grandchild();  // double fork: an orphan with our stdout, until nobody reads that
void fork_daemon();      // one with a session and nothing of ours, that ignores SIGTERM
void fork_sleeper();     // a child in our process group that ignores SIGTERM

}  // namespace misbehave
