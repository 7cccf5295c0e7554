// SPDX-License-Identifier: Apache-2.0
#pragma once

// Listener: hears, on a connection and a thread of its own, when any host makes a job ready. Behind
// a pooler that shares sessions nothing can be heard: it says so and ends, and workers find jobs by
// polling. A notification that is lost costs that much time, and nothing else.
//
// Threads: `heard` is called on the listener's thread. The destructor joins it.

#include "common/os/fd.hpp"
#include "common/store/postgres/connector.hpp"

#include <atomic>
#include <functional>
#include <random>
#include <thread>

namespace holdfast::store::postgres {

class Listener {
 public:
  // `connector` outlives this.
  static Result<std::unique_ptr<Listener>> start(Connector& connector, std::function<void()> heard);
  Listener(const Listener&) = delete;
  ~Listener();

  bool listening() const { return listening_; }
  // Gives its connection back to the server, for as long as places are short.
  void give_way();

 private:
  Listener(Connector& connector, std::function<void()> heard, Fd wake);
  void loop();
  bool listen();  // false: there is nothing to be heard here, or it is time to stop
  bool pause();   // until the next attempt; false: it is time to stop
  void clear_wake();

  Connector& connector_;
  const std::function<void()> heard_;
  Fd wake_;
  std::uint32_t refusals_ = 0;  // to listen, in a row: a standby can be connected to, and no more
  std::mt19937_64 random_{std::random_device{}()};
  std::atomic<bool> listening_ = false;
  std::atomic<bool> stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace holdfast::store::postgres
