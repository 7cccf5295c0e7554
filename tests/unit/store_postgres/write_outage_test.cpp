// SPDX-License-Identifier: Apache-2.0
// A server that can be read and takes no writes is no store to be ready with: which failures of
// writes say so, and what ends it.

#include "common/store/postgres/write_outage.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/small_disk.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include <sys/stat.h>

#include <random>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using Catch::Contains;
using holdfast::test::SmallDisk;
using holdfast::test::wait_until;
using postgres::ExchangeError;
using postgres::Refusal;
using postgres::WriteOutage;

namespace {

constexpr WriteOutage::Time kStart{};

ExchangeError with_state(const std::string& state, const std::string& message = "because") {
  return {{ErrorKind::Unavailable, message, 0, true}, false, false, false, state};
}

// One whose first probe has succeeded.
void settle(WriteOutage& outage) {
  REQUIRE(outage.begin_probe(kStart));
  outage.probed(std::nullopt, kStart);
}

// A role that needs privileges, and has those of a worker.
std::string url_of_role(const PostgresEnvironment& environment, const std::string& role) {
  environment.sql(
      fmt::format("CREATE ROLE {0} LOGIN; GRANT ALL ON SCHEMA holdfast TO {0};"
                  " GRANT ALL ON ALL TABLES IN SCHEMA holdfast TO {0};"
                  " GRANT ALL ON ALL SEQUENCES IN SCHEMA holdfast TO {0}",
                  role));
  return fmt::format("postgresql://{}@127.0.0.1:{}/{}", role, shared_server().port(),
                     environment.database());
}

std::unique_ptr<Store> open_as(const std::string& url, const Clock& clock) {
  OpenOptions options;
  options.statement_timeout = 1s;
  auto store = open_store(url, options, clock);
  if (!store) FAIL(store.error().message);
  return std::move(*store);
}

// Until an outage shows, or has ended.
bool becomes(Store& store, bool ready) {
  return wait_until([&] { return store.check().has_value() == ready; });
}

}  // namespace

TEST_CASE("what a failed write says about the next ones") {
  struct Row {
    const char* state;
    Refusal refusal;
  };
  const Row row = GENERATE(Row{"53100", Refusal::OfAll}, Row{"42501", Refusal::OfAll},
                           Row{"25006", Refusal::OfAll}, Row{"42P01", Refusal::OfThisOne},
                           Row{"3F000", Refusal::OfThisOne}, Row{"58030", Refusal::OfAll},
                           Row{"XX001", Refusal::OfAll}, Row{"57014", Refusal::Perhaps},
                           Row{"55P03", Refusal::Perhaps}, Row{"40P01", Refusal::OfThisOne},
                           Row{"40001", Refusal::OfThisOne}, Row{"23505", Refusal::OfThisOne},
                           Row{"22021", Refusal::OfThisOne}, Row{"53200", Refusal::OfThisOne},
                           Row{"53300", Refusal::OfThisOne}, Row{"54000", Refusal::OfThisOne},
                           Row{"", Refusal::OfThisOne});
  INFO(row.state);
  CHECK(postgres::judge(with_state(row.state)) == row.refusal);
  ExchangeError lost = with_state(row.state);
  lost.lost = true;  // reads find that out, too
  CHECK(postgres::judge(lost) == Refusal::OfThisOne);
}

TEST_CASE("an outage of writes begins with one that failed, and ends with one that was tried") {
  WriteOutage outage;
  settle(outage);
  CHECK_FALSE(outage.begin_probe(kStart + 1h));
  outage.failed(with_state("53100", "full"), kStart);
  REQUIRE(outage.present());
  CHECK(outage.present()->message == "full");
  // Every 2 s at first, then 4, 8, and 10.
  WriteOutage::Time now = kStart;
  for (const auto wait : {2s, 4s, 8s, 10s, 10s}) {
    CHECK_FALSE(outage.begin_probe(now + wait - 1ms));
    now += wait;
    REQUIRE(outage.begin_probe(now));
    CHECK_FALSE(outage.begin_probe(now));  // one at a time
    outage.probed(with_state("53100"), now);
    CHECK(outage.present());
  }
  REQUIRE(outage.begin_probe(now + 10s));
  outage.probed(std::nullopt, now + 10s);
  CHECK_FALSE(outage.present());
  CHECK_FALSE(outage.begin_probe(now + 1h));
}

TEST_CASE("a write that waited for too long is an outage only if another finds the tables locked") {
  WriteOutage outage;
  settle(outage);
  outage.failed(with_state("57014", "slow"), kStart);
  outage.failed(with_state("57014", "slow"), kStart);
  CHECK_FALSE(outage.present());
  REQUIRE(outage.begin_probe(kStart));
  SECTION("it was for a row") {
    outage.probed(std::nullopt, kStart);
    CHECK_FALSE(outage.present());
    CHECK_FALSE(outage.begin_probe(kStart + 1h));
  }
  SECTION("it was for a table") {
    outage.probed(with_state("55P03", "locked"), kStart);
    REQUIRE(outage.present());
    CHECK(outage.present()->message == "slow");
  }
  SECTION("the connection was lost") {
    ExchangeError lost = with_state("");
    lost.lost = true;
    outage.probed(lost, kStart);
    CHECK_FALSE(outage.present());
    CHECK(outage.begin_probe(kStart + 2s));
  }
}

TEST_CASE("before a write has failed, a lock is no outage; a full disk is one") {
  WriteOutage outage;
  REQUIRE(outage.begin_probe(kStart));
  outage.probed(with_state("55P03"), kStart);
  CHECK_FALSE(outage.present());
  REQUIRE(outage.begin_probe(kStart + 2s));
  outage.probed(with_state("53100"), kStart + 2s);
  CHECK(outage.present());
}

TEST_CASE("an outage that the probe does not see does not come and go all the time") {
  WriteOutage outage;
  settle(outage);
  WriteOutage::Time now = kStart;
  for (const auto wait : {2s, 4s, 8s, 16s, 32s, 60s, 60s}) {
    outage.failed(with_state("42501"), now);
    CHECK_FALSE(outage.begin_probe(now + wait - 1ms));
    now += wait;
    REQUIRE(outage.begin_probe(now));
    outage.probed(std::nullopt, now);
    now += 1s;
  }
  now += 2min;
  outage.failed(with_state("42501"), now);
  CHECK(outage.begin_probe(now + 2s));
}

TEST_CASE("a deadlock or a lost race is no outage") {
  WriteOutage outage;
  settle(outage);
  for (int i = 0; i < 10; ++i) {
    outage.failed(with_state("40P01"), kStart);
    outage.failed(with_state("40001"), kStart);
  }
  CHECK_FALSE(outage.present());
  CHECK_FALSE(outage.begin_probe(kStart));
}

TEST_CASE("a privilege that was lost, on one table too, is an outage until it is back") {
  PostgresEnvironment environment;
  const std::string url = url_of_role(environment, "loses");
  const auto store = open_as(url, environment.clock);
  REQUIRE(create(*store, "d1"));
  REQUIRE(store->check());
  const char* const table = GENERATE("document", "document_content", "job", "commit_mark");
  INFO(table);
  environment.sql(fmt::format("REVOKE INSERT ON holdfast.{} FROM loses", table));
  const auto refused = create(*store, "d2");
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::PermissionDenied);
  CHECK(store->get_document("d1"));
  const auto checked = store->check();
  REQUIRE_FALSE(checked);
  CHECK(checked.error().message == refused.error().message);
  environment.sql(fmt::format("GRANT INSERT ON holdfast.{} TO loses", table));
  CHECK(becomes(*store, true));
  CHECK(create(*store, "d2"));
  environment.sql("DROP OWNED BY loses; DROP ROLE loses");
}

TEST_CASE("a locked table is an outage until it is not locked any more; a locked row is none") {
  PostgresEnvironment environment;
  const auto store = open_as(environment.url(), environment.clock);
  REQUIRE(create(*store, "d1"));
  REQUIRE(store->check());
  {
    const Holder row(environment.url(),
                     "SELECT 1 FROM holdfast.document WHERE id = 'd1' FOR UPDATE");
    REQUIRE_FALSE(replace(*store, "d1", "two"));
    CHECK(store->check());
  }
  const char* const table = GENERATE("document", "job", "chunk", "worker");
  INFO(table);
  {
    const Holder holder(environment.url(),
                        fmt::format("LOCK TABLE holdfast.{} IN SHARE MODE", table));
    CHECK(store->check());  // no write has failed
    if (std::string_view(table) == "worker") {
      const auto registered = await<std::int64_t>([&](Callback<std::int64_t> done) {
        store->register_worker({"queue-worker.0", 1, ""}, 30s, std::move(done));
      });
      REQUIRE_FALSE(registered);
    } else if (std::string_view(table) == "chunk") {
      REQUIRE_FALSE(remove(*store, "d1"));
    } else {
      REQUIRE_FALSE(create(*store, "d2"));
    }
    CHECK(store->get_document("d1"));
    const auto checked = store->check();
    REQUIRE_FALSE(checked);
    CHECK_THAT(checked.error().message, Contains("store.statement_timeout"));
  }
  CHECK(becomes(*store, true));
}

TEST_CASE("a server that turned read-only is an outage, which writes find out as well") {
  PostgresEnvironment environment;
  const std::string url = url_of_role(environment, "reads");
  environment.sql("ALTER ROLE reads SET default_transaction_read_only = on");
  const auto store = open_as(url, environment.clock);
  const auto refused = create(*store, "d1");
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message, Contains("takes no writes"));
  CHECK_FALSE(store->check());
  environment.sql("DROP OWNED BY reads; DROP ROLE reads");
}

TEST_CASE(
    "a full disk of the server is an outage, also of a worker that starts, until there is room") {
  struct stat server {};
  REQUIRE(::stat(shared_server().directory().c_str(), &server) == 0);
  PostgresEnvironment environment;
  const SmallDisk disk(fmt::format("size=8m,uid={},mode=0700", server.st_uid));
  if (!disk.mounted()) return;
  environment.sql(fmt::format("CREATE TABLESPACE small LOCATION '{}'", disk.path().native()));
  for (const char* const table : {"document", "document_content", "job"})
    environment.sql(fmt::format("ALTER TABLE holdfast.{} SET TABLESPACE small", table));
  const auto store = open_as(environment.url(), environment.clock);
  REQUIRE(create(*store, "d1"));
  REQUIRE(store->check());
  disk.fill_with_bytes();
  std::string content(100'000, ' ');  // what does not compress
  std::mt19937_64 random;
  for (char& byte : content)
    byte = static_cast<char>('!' + random() % 90);
  const auto refused = create(*store, "d2", content);
  REQUIRE_FALSE(refused);
  CHECK(refused.error().kind == ErrorKind::ResourceExhausted);
  CHECK(store->get_document("d1"));
  CHECK_THAT(store->check().error().message, Contains("free space on the database server"));
  (void)create(*store, "small");  // may find room where no document does
  CHECK_FALSE(store->check());
  CHECK_FALSE(open_as(environment.url(), environment.clock)->check());
  disk.empty();
  CHECK(becomes(*store, true));
  CHECK(create(*store, "d2", content));
  for (const char* const table : {"document", "document_content", "job"})
    environment.sql(fmt::format("ALTER TABLE holdfast.{} SET TABLESPACE pg_default", table));
  environment.sql("DROP TABLESPACE small");
}
