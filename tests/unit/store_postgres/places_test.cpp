// SPDX-License-Identifier: Apache-2.0
// A server with fewer places for connections than its clients want: everything goes on with what
// there is, writes first.

#include "common/store/postgres/places.hpp"

#include "common/store/postgres/error.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include <atomic>
#include <thread>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using Catch::Contains;
using holdfast::test::wait_until;
using postgres::Places;

namespace {

// A role with so many places, which is not let past them as a superuser is.
class FewPlaces {
 public:
  FewPlaces(const PostgresEnvironment& environment, int places) : environment_(environment) {
    environment.sql(fmt::format(
        "CREATE ROLE few LOGIN CONNECTION LIMIT {}; GRANT ALL ON SCHEMA holdfast TO few;"
        " GRANT ALL ON ALL TABLES IN SCHEMA holdfast TO few;"
        " GRANT ALL ON ALL SEQUENCES IN SCHEMA holdfast TO few",
        places));
  }
  FewPlaces(const FewPlaces&) = delete;
  ~FewPlaces() {
    // A session ends a little after its client has closed it.
    wait_until([&] { return taken() == 0; });
    environment_.sql("DROP OWNED BY few; DROP ROLE few");
  }

  Result<std::unique_ptr<Store>> try_open() const {
    OpenOptions options;
    options.pool_size = 4;
    return open_store(fmt::format("postgresql://few@127.0.0.1:{}/{}", shared_server().port(),
                                  environment_.database()),
                      options, environment_.clock);
  }
  std::unique_ptr<Store> open() const {
    auto store = try_open();
    if (!store) FAIL(store.error().message);
    return std::move(*store);
  }
  int taken() const {
    return std::stoi(
        environment_.sql("SELECT count(*) FROM pg_stat_activity WHERE usename = 'few'"));
  }

 private:
  const PostgresEnvironment& environment_;
};

// Threads that read all the time, until this is destroyed.
class Readers {
 public:
  Readers(Store& store, int count) {
    for (int i = 0; i < count; ++i) {
      threads_.emplace_back([this, &store] {
        while (!stop_) {
          if (store.get_document("d1")) {
            ++reads_;
          } else {
            ++failures_;
          }
        }
      });
    }
  }
  Readers(const Readers&) = delete;
  ~Readers() {
    stop_ = true;
    for (std::thread& thread : threads_)
      thread.join();
  }
  int reads() const { return reads_; }
  int failures() const { return failures_; }

 private:
  std::atomic<bool> stop_ = false;
  std::atomic<int> reads_ = 0;
  std::atomic<int> failures_ = 0;
  std::vector<std::thread> threads_;
};

}  // namespace

TEST_CASE("places are short for a while after a refusal, or after none was left") {
  constexpr Places::Time kNow{};
  Places places;
  CHECK_FALSE(places.are_short(kNow));
  places.looked_at(1, kNow);
  CHECK_FALSE(places.are_short(kNow));
  places.looked_at(0, kNow);
  CHECK(places.are_short(kNow + 9s));
  CHECK_FALSE(places.are_short(kNow + 10s));
  places.refused(kNow);
  places.looked_at(0, kNow);  // does not shorten it
  CHECK(places.are_short(kNow + 29s));
  CHECK_FALSE(places.are_short(kNow + 30s));
}

TEST_CASE("the code of a refused connection is read from what libpq says, and left out of it") {
  struct Row {
    const char* verbose;
    const char* state;
    const char* reason;
  };
  const Row row = GENERATE(
      Row{"connection to server at \"db\", port 5432 failed: FATAL:  53300: too many clients\n"
          "LOCATION:  InitProcess, proc.c:361\n",
          "53300", "connection to server at \"db\", port 5432 failed: FATAL:  too many clients\n"},
      Row{"a failed: FATAL:  28P01: no\nLOCATION:  x, y.c:1\nb failed: FEHLER:  53300: voll\n"
          "HINT:  wait\nLOCATION:  x, y.c:1\n",
          "53300", "a failed: FATAL:  no\nb failed: FEHLER:  voll\nHINT:  wait\n"},
      Row{"connection refused\n\tIs the server running?", "",
          "connection refused\n\tIs the server running?"},
      Row{"FATAL:  sorry", "", "FATAL:  sorry"}, Row{"FATAL:  533", "", "FATAL:  533"},
      Row{"", "", ""});
  const auto refused = postgres::read_refusal(row.verbose);
  CHECK(refused.state == row.state);
  CHECK(refused.reason == row.reason);
}

TEST_CASE("with few places readers that stay connected keep no write out, in one process") {
  PostgresEnvironment environment;
  const FewPlaces few(environment, GENERATE(1, 2, 3));
  const auto store = few.open();
  REQUIRE(create(*store, "d1"));
  const auto id = worker(*store);
  const Readers readers(*store, 6);
  REQUIRE(wait_until([&] { return readers.reads() > 100; }));
  for (int i = 0; i < 20; ++i) {
    const auto created = create(*store, "e" + std::to_string(i));
    if (!created) FAIL(created.error().message);
    const auto beat = heartbeat(*store, id);
    if (!beat) FAIL(beat.error().message);
    REQUIRE(claim(*store, id).size() == 1);
  }
  const int before = readers.reads();
  CHECK(wait_until([&] { return readers.reads() > before + 100; }));
  CHECK(readers.failures() == 0);
  CHECK(store->check());
}

TEST_CASE("writes that come all the time keep no read out, with one place") {
  PostgresEnvironment environment;
  const FewPlaces few(environment, 1);
  const auto store = few.open();
  std::atomic<bool> stop = false;
  std::atomic<int> written = 0;
  std::thread writer([&] {
    for (int i = 0; !stop; ++i) {
      if (create(*store, "w" + std::to_string(i))) ++written;
    }
  });
  for (int i = 0; i < 100; ++i) {
    const auto read = store->queue_stats("default");
    CHECK(read);
  }
  CHECK(wait_until([&] { return written > 10; }));
  stop = true;
  writer.join();
}

TEST_CASE("a process that has connections to spare gives them back for one that has none") {
  PostgresEnvironment environment;
  const FewPlaces few(environment, 4);
  const auto first = few.open();
  REQUIRE(create(*first, "d1"));
  {
    const Readers readers(*first, 6);
    REQUIRE(wait_until([&] { return few.taken() == 4; }));
  }
  const auto refused = few.try_open();
  REQUIRE_FALSE(refused);
  CHECK_THAT(refused.error().message,
             Contains("too many connections for role") && !Contains("53300"));
  // As every scrape does.
  REQUIRE(wait_until([&] { return first->check() && few.taken() < 4; }));
  std::unique_ptr<Store> second;
  REQUIRE(wait_until([&] {
    auto opened = few.try_open();
    if (opened) second = std::move(*opened);
    return second != nullptr;
  }));
  CHECK(create(*second, "d2"));
  CHECK(create(*first, "d3"));
  CHECK(second->get_document("d3"));
  // Of those that are read all the time one is given back, too.
  const Readers readers(*first, 6);
  std::unique_ptr<Store> third;
  REQUIRE(wait_until([&] {
    if (!first->check() || !second->check()) return false;
    auto opened = few.try_open();
    if (opened) third = std::move(*opened);
    return third != nullptr;
  }));
  CHECK(create(*third, "d4"));
  CHECK(readers.failures() == 0);
}

TEST_CASE("a connection that only listens is given back as the last one, and made again") {
  PostgresEnvironment environment;
  const FewPlaces few(environment, 2);
  const auto store = few.open();
  std::atomic<int> rung = 0;
  store->watch_for_jobs([&] { ++rung; });
  REQUIRE(wait_until([&] { return store->connection_use()->listening; }));
  REQUIRE(wait_until([&] { return store->check() && few.taken() == 1; }));
  const auto other = few.open();
  CHECK(create(*other, "d1"));
  CHECK(create(*store, "d2"));
}
