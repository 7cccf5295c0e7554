// SPDX-License-Identifier: Apache-2.0
#pragma once

// A PostgreSQL database of one test. The server is shared by all tests of the program; its clock,
// as the schema reads it, is the test's.

#include "tests/support/postgres.hpp"
#include "tests/unit/store/environment.hpp"

#include <libpq-fe.h>

#include <memory>
#include <string>

namespace holdfast::store::test {

using holdfast::test::PostgresServer;

// Started by the first who asks.
PostgresServer& shared_server();
// Whether it has pgvector. Required if HOLDFAST_TEST_PGVECTOR is set.
bool has_pgvector();

class PostgresEnvironment final : public Environment {
 public:
  PostgresEnvironment();  // migrated
  ~PostgresEnvironment() override;
  std::unique_ptr<Store> open(const OpenOptions& options = {}) override;
  std::int64_t wall_ms() const override { return server_ms_; }
  void advance(Duration by) override;
  // Of the host that a worker runs on: the server has its own.
  void step_wall_clock(Duration by) override { clock.step_wall(by); }
  void step_store_clock(Duration by) override;
  bool has_clock_of_its_own() const override { return true; }
  bool has_vector_index() const override { return has_pgvector(); }

  ManualClock clock;

  const std::string& database() const { return database_; }
  std::string url() const { return shared_server().socket_url(database_); }
  std::string sql(const std::string& statement) const {
    return shared_server().sql(database_, statement);
  }

 private:
  std::string database_;
  std::int64_t server_ms_;
};

// A session with a transaction in which this statement was run, until it is committed, or undone as
// this is destroyed.
class Holder {
 public:
  Holder(const std::string& url, const std::string& statement);
  void commit() { run("COMMIT"); }

 private:
  void run(const std::string& statement);

  std::unique_ptr<PGconn, void (*)(PGconn*)> connection_;
};

}  // namespace holdfast::store::test
