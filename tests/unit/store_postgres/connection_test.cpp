// SPDX-License-Identifier: Apache-2.0
// What a session of the server has prepared, and what becomes of it behind the client's back.

#include "common/store/postgres/connection.hpp"

#include "common/store/postgres/transaction.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::postgres;
using namespace holdfast::store::test;

namespace {

constexpr std::string_view kAsk = "SELECT v FROM public.thing WHERE id = 1";
constexpr std::string_view kNamesOf =
    "SELECT name FROM pg_prepared_statements WHERE statement = $1";

struct Client {
  explicit Client(const PostgresEnvironment& environment) {
    const auto endpoint = make_endpoint(environment.url(), 10s, 5s);
    REQUIRE(endpoint);
    auto opened = PgConnection::open(*endpoint, cutoff);
    if (!opened) FAIL(opened.error().message);
    connection = std::move(*opened);
  }
  Exchanged<Rows> ask() { return connection->exchange(Statement(kAsk)); }

  Cutoff cutoff;
  std::unique_ptr<PgConnection> connection;
};

}  // namespace

TEST_CASE("a prepared statement that is gone, taken or outdated costs one attempt") {
  PostgresEnvironment environment;
  environment.sql(
      "CREATE TABLE public.thing(id bigint, v bigint); INSERT INTO public.thing VALUES(1, 7)");
  Client client(environment);
  REQUIRE(client.ask()->integer(0, 0) == 7);
  SECTION("gone: the session is another one") {
    REQUIRE(client.connection->run_script("DEALLOCATE ALL"));
    const auto gone = client.ask();
    REQUIRE_FALSE(gone);
    CHECK(gone.error().repeatable);
    CHECK_FALSE(client.connection->broken());
    CHECK(client.ask()->integer(0, 0) == 7);
    CHECK(client.connection->is_pooled());
  }
  SECTION("taken: another client of the same session has prepared something") {
    const auto names = client.connection->exchange(Statement(kNamesOf).bind(std::string(kAsk)));
    REQUIRE(names);
    Client other(environment);
    REQUIRE(other.connection->run_script(
        fmt::format("PREPARE \"{}\" AS SELECT 8::bigint", names->text(0, 0)).c_str()));
    const auto taken = other.ask();
    REQUIRE_FALSE(taken);
    CHECK(taken.error().repeatable);
    CHECK(other.ask()->integer(0, 0) == 7);
    CHECK(other.connection->is_pooled());
  }
  SECTION("outdated: the table has changed") {
    environment.sql("ALTER TABLE public.thing ALTER v TYPE int");
    const auto outdated = client.ask();
    REQUIRE_FALSE(outdated);
    CHECK(outdated.error().repeatable);
    CHECK(client.ask());
    CHECK(client.ask());
    CHECK_FALSE(client.connection->is_pooled());
  }
}

TEST_CASE("what a database presets for its sessions does not change what the statements mean") {
  PostgresEnvironment environment;
  for (const char* const preset :
       {"default_transaction_isolation = 'serializable'", "synchronous_commit = 'off'",
        "lock_timeout = '1ms'", "jit = 'on'"}) {
    environment.sql(fmt::format("ALTER DATABASE {} SET {}", environment.database(), preset));
  }
  constexpr std::string_view kSettings =
      "SELECT current_setting('transaction_isolation') || ' ' ||"
      " current_setting('synchronous_commit') || ' ' || current_setting('lock_timeout') || ' ' ||"
      " current_setting('jit')";
  Client client(environment);
  const auto in_transaction = [&] {
    Transaction transaction(*client.connection, kBegin);
    return transaction.run(Statement(kSettings)).text(0, 0);
  };
  CHECK(client.connection->exchange(Statement(kSettings))->text(0, 0) == "read committed on 0 off");
  CHECK(in_transaction() == "read committed on 0 off");
  // From now on it takes the session for one of several, and keeps nothing in it.
  REQUIRE(client.connection->run_script("DEALLOCATE ALL; RESET ALL; SET statement_timeout = 0"));
  CHECK_FALSE(client.connection->exchange(Statement(kSettings)));
  REQUIRE(client.connection->is_pooled());
  CHECK(client.connection->exchange(Statement(kSettings))->text(0, 0) == "read committed on 0 off");
  CHECK(in_transaction() == "read committed on 0 off");
}

TEST_CASE("a server that waits for its standbys longer than for its disk is left to do so") {
  PostgresEnvironment environment;
  environment.sql(fmt::format("ALTER DATABASE {} SET synchronous_commit = 'remote_apply'",
                              environment.database()));
  Client client(environment);
  const auto setting =
      client.connection->exchange(Statement("SELECT current_setting('synchronous_commit')"));
  REQUIRE(setting);
  CHECK(setting->text(0, 0) == "remote_apply");
}
