// SPDX-License-Identifier: Apache-2.0
// Hearing of jobs at once, and working without that behind a pooler that shares sessions.

#include "tests/support/catch.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include <fstream>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using holdfast::test::wait_until;

namespace {

// pgbouncer with two sessions of the server's for all of its clients, one for each transaction.
class Pooler {
 public:
  Pooler() : port_(holdfast::test::free_port()) {
    std::ofstream(directory_ / "pgbouncer.ini")
        << "[databases]\n* = host=127.0.0.1 port=" << shared_server().port()
        << " user=holdfast\n[pgbouncer]\nlisten_addr=127.0.0.1\nlisten_port=" << port_
        << "\nunix_socket_dir=\nauth_type=any\npool_mode=transaction\ndefault_pool_size=2\n"
           "ignore_startup_parameters=extra_float_digits\nlogfile=\npidfile=\n";
    std::filesystem::permissions(directory_.path(), std::filesystem::perms(0755));
    process_.emplace(
        PostgresServer::as_local_user(
            {holdfast::test::find_program("pgbouncer").native(), directory_ / "pgbouncer.ini"}),
        std::map<std::string, std::string>{}, directory_ / "log");
  }

  std::string url(const std::string& database) const {
    return fmt::format("postgresql://holdfast@127.0.0.1:{}/{}", port_, database);
  }

  std::unique_ptr<Store> open(const std::string& database, const Clock& clock) {
    std::unique_ptr<Store> opened;
    wait_until([&] {
      auto store = open_store(url(database), {}, clock);
      if (store) opened = std::move(*store);
      return opened != nullptr;
    });
    if (opened == nullptr) FAIL(process_->output());
    return opened;
  }

 private:
  holdfast::test::TempDir directory_;
  std::string port_;
  std::optional<holdfast::test::Process> process_;
};

}  // namespace

TEST_CASE("a worker hears at once of a job that another process has stored, and of each outage") {
  PostgresEnvironment environment;
  const auto workers = environment.open();
  const auto clients = environment.open();
  std::atomic<int> rings = 0;
  workers->watch_for_jobs([&] { ++rings; });
  REQUIRE(wait_until([&] { return workers->connection_use()->listening; }));
  const int before = rings;
  REQUIRE(create(*clients, "d1"));
  REQUIRE(wait_until([&] { return rings > before; }));

  // What is missed while the server is away is made up for.
  const int heard = rings;
  shared_server().stop();
  shared_server().start();
  REQUIRE(wait_until([&] { return rings > heard; }));
  REQUIRE(wait_until([&] { return workers->connection_use()->listening; }));
  const int again = rings;
  REQUIRE(wait_until([&] { return create(*clients, "d2").has_value(); }));
  REQUIRE(wait_until([&] { return rings > again; }));
}

TEST_CASE("a standby, where nobody can listen, is asked less and less often") {
  PostgresServer server;
  server.create_database("standby");
  REQUIRE(migrate_store(server.socket_url("standby")));
  server.stop();
  server.write_file("data/standby.signal", "");
  server.start();
  const ManualClock clock;
  std::unique_ptr<Store> store;
  REQUIRE(wait_until([&] {
    auto opened = open_store(server.socket_url("standby"), {}, clock);
    if (opened) store = std::move(*opened);
    return store != nullptr;
  }));
  store->watch_for_jobs([] {});
  const auto began = std::chrono::steady_clock::now();
  REQUIRE(wait_until([&] { return store->connection_use()->made >= 7; }));
  // After 50 ms, 100 ms, 200 ms, 400 ms and 800 ms, or half of each.
  CHECK(std::chrono::steady_clock::now() - began > 700ms);
  CHECK_FALSE(store->connection_use()->listening);
}

TEST_CASE("behind a pooler that shares sessions everything works but the notifications") {
  PostgresEnvironment environment;
  Pooler pooler;
  const auto a = pooler.open(environment.database(), environment.clock);
  const auto b = pooler.open(environment.database(), environment.clock);
  a->watch_for_jobs([] {});
  for (int round = 0; round < 20; ++round) {
    const std::string name = "d" + std::to_string(round);
    REQUIRE(create(round % 2 == 0 ? *a : *b, name));
    const auto jobs = claim(*b, worker(*b, "w" + name));
    REQUIRE(jobs.size() == 1);
    REQUIRE(embed(*b, key_of(jobs[0]), name, {chunk(0, "walrus", {1, 0})}));
    REQUIRE(a->get_document(name)->status == DocumentStatus::Ready);
    REQUIRE(find(*a, "walrus", {1, 0}, 50)->size() == static_cast<std::size_t>(round) + 1);
  }
  REQUIRE_FALSE(a->connection_use()->listening);
  REQUIRE(a->peek("default"));
}

TEST_CASE("many clients behind a pooler's two sessions do not get in each other's way") {
  PostgresEnvironment environment;
  // Which is no reason for a write to fail either.
  environment.sql(
      fmt::format("ALTER DATABASE {} SET default_transaction_isolation = 'serializable'",
                  environment.database()));
  Pooler pooler;
  std::vector<std::unique_ptr<Store>> stores;
  for (int i = 0; i < 6; ++i)
    stores.push_back(pooler.open(environment.database(), environment.clock));
  std::vector<std::promise<Result<Created>>> answers(240);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    NewDocument document;
    document.id = "d" + std::to_string(i);
    stores[i % stores.size()]->create_document(
        document, [&answer = answers[i]](Result<Created> r) { answer.set_value(std::move(r)); });
  }
  for (auto& answer : answers)
    REQUIRE(answer.get_future().get());
  REQUIRE(stores[0]->queue_stats("default")->ready == 240);
}
