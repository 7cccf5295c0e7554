// SPDX-License-Identifier: Apache-2.0
#include "api-worker/app.hpp"
#include "common/os/fd.hpp"

#include <malloc.h>

namespace {

// Large bodies and answers go back to the kernel as soon as they are freed. Left to itself, glibc
// keeps blocks of up to 32 MiB once one of their size was freed: after a few uploads of ten
// megabytes an idle worker would hold seventy (docs/adr/0008-what-runs-on-the-loop.md).
void give_large_blocks_back() {
  constexpr int kLargeBlock = 1 << 20;
  ::mallopt(M_MMAP_THRESHOLD, kLargeBlock);
  ::mallopt(M_TRIM_THRESHOLD, 4 * kLargeBlock);
}

}  // namespace

int main(int argc, char** argv) {
  holdfast::open_missing_standard_descriptors();
  give_large_blocks_back();
  return holdfast::worker::run_worker(argc, argv, "holdfast-api-worker",
                                      holdfast::api::make_service);
}
