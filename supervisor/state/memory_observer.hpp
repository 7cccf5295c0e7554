// SPDX-License-Identifier: Apache-2.0
#pragma once

// MemoryObserver: is told what the workers with memory limits use. Implemented by the engine,
// called by the collector.
//
// Threads: from any; returns at once.

#include "supervisor/core/types.hpp"

#include <cstdint>

namespace holdfast::supervisor {

class MemoryObserver {
 public:
  virtual ~MemoryObserver() = default;
  // All processes of the worker together.
  virtual void memory_used(const core::ProcessId& process, std::uint64_t bytes) = 0;
};

}  // namespace holdfast::supervisor
