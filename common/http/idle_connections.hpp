// SPDX-License-Identifier: Apache-2.0
#pragma once

// IdleConnections: connections that fetch() leaves open for the next request to the same server,
// which then needs neither connect nor shake hands. A server that has closed one in the meantime
// costs a new connection, not an error: a request that got no byte of an answer on a connection of
// before is sent once more on a new one. So this is for requests that may arrive twice.
//
// Passed to fetch() by FetchOptions::connections; outlives those calls. Threads: any.

#include "common/base/clock.hpp"
#include "common/http/client_stream.hpp"

#include <cstddef>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace holdfast::http {

class IdleConnections {
 public:
  struct Limits {
    std::size_t connections = 8;
    Duration idle = std::chrono::seconds(30);  // unused for longer: closed
    // Open for longer: not used again, so that a new address or certificate is seen.
    Duration age = std::chrono::minutes(5);
  };

  explicit IdleConnections(Limits limits);
  IdleConnections();
  ~IdleConnections();
  IdleConnections(const IdleConnections&) = delete;
  IdleConnections& operator=(const IdleConnections&) = delete;

  // fetch()'s side. `peer` tells servers, and the ways to them, apart.
  struct Connection {
    std::string peer;
    ClientStream stream;
    MonoTime opened = MonoTime::clock::now();
    MonoTime used{};
  };
  std::unique_ptr<Connection> take(const std::string& peer);  // null: there is none
  void keep(std::unique_ptr<Connection> connection);

 private:
  void close_the_old(MonoTime now);

  const Limits limits_;
  std::mutex mutex_;
  std::vector<std::unique_ptr<Connection>> idle_;  // the last used last
};

}  // namespace holdfast::http
