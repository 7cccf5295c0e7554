// SPDX-License-Identifier: Apache-2.0
#pragma once

// What every thread that we start does first, so that it can be named, and say where it is, when
// its process dies.
//
// Threads: each call concerns the thread that makes it.

namespace holdfast {

// Names the thread (at most 15 bytes are kept), gives it a stack for signal handlers, without which
// nothing could be printed of a stack overflow, and lets it take the signals of its own faults and
// stack_signal(), whatever its creator had blocked. Again: does nothing, and costs a few
// nanoseconds; so it may stand at the beginning of every task of a library's thread pool.
void prepare_thread(const char* name);

// The main thread has its name already.
void prepare_main_thread();

// Asks a thread to note its stack; see common/worker/crash_handler.hpp.
int stack_signal();

}  // namespace holdfast
