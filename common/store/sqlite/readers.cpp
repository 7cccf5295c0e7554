// SPDX-License-Identifier: Apache-2.0
#include "common/store/sqlite/readers.hpp"

#include <algorithm>

namespace holdfast::store::sqlite {

Result<std::unique_ptr<Readers>> Readers::open(const std::filesystem::path& path,
                                               std::size_t count) {
  std::vector<std::unique_ptr<SqliteConnection>> connections;
  for (std::size_t i = 0; i < std::max<std::size_t>(count, 1); ++i) {
    HOLDFAST_TRY_ASSIGN(auto connection, SqliteConnection::open(path, Access::ReadOnly));
    connections.push_back(std::move(connection));
  }
  return std::unique_ptr<Readers>(new Readers(std::move(connections)));
}

std::unique_ptr<SqliteConnection> Readers::take() {
  std::unique_lock lock(mutex_);
  freed_.wait(lock, [this] { return !idle_.empty(); });
  auto connection = std::move(idle_.back());
  idle_.pop_back();
  return connection;
}

void Readers::give_back(std::unique_ptr<SqliteConnection> connection) {
  {
    const std::lock_guard lock(mutex_);
    idle_.push_back(std::move(connection));  // last in, first out: the warmest cache
  }
  freed_.notify_one();
}

}  // namespace holdfast::store::sqlite
