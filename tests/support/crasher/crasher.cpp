// SPDX-License-Identifier: Apache-2.0
// crasher terminate | overflow: dies of an uncaught exception with a cause, or of a stack overflow
// on a thread other than the first.
#include "common/os/thread.hpp"
#include "common/worker/crash_handler.hpp"

#include <stdexcept>
#include <string_view>
#include <thread>

namespace {

int overflow_the_stack(int depth) {
  volatile char room[4096];
  room[0] = static_cast<char>(depth);
  return depth < 0 ? 0 : overflow_the_stack(depth + 1) + room[0];
}

void fail_with_a_cause() {
  try {
    throw std::logic_error("the index is empty");
  } catch (...) {
    std::throw_with_nested(std::runtime_error("cannot search"));
  }
}

}  // namespace

int main(int argc, char** argv) {
  holdfast::worker::install_crash_handler();
  const std::string_view how = argc > 1 ? argv[1] : "";
  int result = 0;
  std::thread([&] {
    holdfast::prepare_thread("crashing");
    if (how == "overflow") result = overflow_the_stack(0);
    fail_with_a_cause();
  }).join();
  return result;
}
