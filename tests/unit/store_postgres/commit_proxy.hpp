// SPDX-License-Identifier: Apache-2.0
#pragma once

// A network between a client and its server that fails at the worst moment: when the client's first
// COMMIT of a connection comes by.
//
// Threads: its own; made and destroyed by the test's.

#include "common/os/fd.hpp"

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>

namespace holdfast::store::test {

class CommitProxy {
 public:
  enum class Cut {
    Never,
    BeforeTheServer,  // COMMIT is lost, and with it the connection
    AfterTheServer,   // COMMIT is carried out, and its answer is lost
  };

  explicit CommitProxy(std::string server_port);
  CommitProxy(const CommitProxy&) = delete;
  ~CommitProxy();

  std::string port() const { return port_; }
  void cut_next(Cut cut) { cut_ = cut; }
  int cuts() const { return cuts_; }

 private:
  void serve();

  const std::string server_port_;
  std::string port_;
  Fd listener_;
  Fd wake_;
  std::atomic<Cut> cut_ = Cut::Never;
  std::atomic<int> cuts_ = 0;
  std::thread thread_;
};

}  // namespace holdfast::store::test
