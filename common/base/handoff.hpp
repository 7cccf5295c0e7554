// SPDX-License-Identifier: Apache-2.0
#pragma once

// Handoff: tells ThreadSanitizer that what one thread gave away before sent() is what another reads
// after received(), where a library that is not instrumented carries it across (libspdlog's queue).
// Nothing at all in other builds: the library's own lock does the work.
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
  char place_ = 0;  // an address of its own
#else
  void sent() {}
  void received() {}
#endif
};

}  // namespace holdfast
