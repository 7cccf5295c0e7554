// SPDX-License-Identifier: Apache-2.0
#pragma once

// Handoff: tells ThreadSanitizer that what one thread wrote before sent() happens before what
// another reads after received(), where a library that is not instrumented passes it on
// (libspdlog's queue). Does nothing in other builds: the library's own lock is enough.
//
// Threads: any.

#ifdef __SANITIZE_THREAD__
#include <sanitizer/tsan_interface.h>
#endif

namespace holdfast {

class Handoff {
 public:
#ifdef __SANITIZE_THREAD__
  void sent() {
    __tsan_release(this);
  }
  void received() {
    __tsan_acquire(this);
  }

 private:
  char place_ = 0;  // gives the object an address
#else
  void sent() {}
  void received() {}
#endif
};

}  // namespace holdfast
