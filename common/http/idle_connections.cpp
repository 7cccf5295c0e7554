// SPDX-License-Identifier: Apache-2.0
#include "common/http/idle_connections.hpp"

#include <algorithm>

namespace holdfast::http {

IdleConnections::IdleConnections() : IdleConnections(Limits{}) {}
IdleConnections::IdleConnections(Limits limits) : limits_(limits) {}
IdleConnections::~IdleConnections() = default;

std::unique_ptr<IdleConnections::Connection> IdleConnections::take(const std::string& peer) {
  const std::lock_guard lock(mutex_);
  close_the_old(MonoTime::clock::now());
  const auto last = std::find_if(idle_.rbegin(), idle_.rend(),
                                 [&](const auto& connection) { return connection->peer == peer; });
  if (last == idle_.rend()) return nullptr;
  std::unique_ptr<Connection> taken = std::move(*last);
  idle_.erase(std::next(last).base());
  return taken;
}

void IdleConnections::keep(std::unique_ptr<Connection> connection) {
  const std::lock_guard lock(mutex_);
  connection->used = MonoTime::clock::now();
  close_the_old(connection->used);
  if (limits_.connections == 0) return;
  if (idle_.size() >= limits_.connections) idle_.erase(idle_.begin());
  idle_.push_back(std::move(connection));
}

void IdleConnections::close_the_old(MonoTime now) {
  std::erase_if(idle_, [&](const auto& connection) {
    return now - connection->used > limits_.idle || now - connection->opened > limits_.age;
  });
}

}  // namespace holdfast::http
