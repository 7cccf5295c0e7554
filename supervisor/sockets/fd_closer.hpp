// SPDX-License-Identifier: Apache-2.0
#pragma once

// FdCloser: closes descriptors that others have sent, off the caller's thread, because closing them
// may take as long as the sender likes (see common/net/refuse_descriptors.hpp). Its thread exists
// only while there is something to close, and outlives the closer if it has to.
//
// Threads: one uses it.

#include "common/os/fd.hpp"

#include <cstddef>
#include <memory>
#include <vector>

namespace holdfast::supervisor::sockets {

class FdCloser {
 public:
  static constexpr std::size_t kMostAtOnce = 253;  // the kernel takes no more in one message
  static constexpr std::size_t kMostWaiting = 4 * kMostAtOnce;

  FdCloser();
  ~FdCloser();
  FdCloser(const FdCloser&) = delete;
  FdCloser& operator=(const FdCloser&) = delete;

  // Whether the descriptors of another message would fit. Without room none may be received.
  bool has_room() const;
  void close(std::vector<Fd> descriptors);

 private:
  struct State;
  static void run(State& state);

  std::shared_ptr<State> state_;
};

}  // namespace holdfast::supervisor::sockets
