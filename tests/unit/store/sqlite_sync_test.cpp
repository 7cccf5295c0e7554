// SPDX-License-Identifier: Apache-2.0
// What waits for the disk and for the index, and what does not: docs/adr/0060, 0061, 0063.

#include "common/store/sqlite/write_lock.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/store/sqlite_environment.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>

namespace {

std::atomic<int> g_syncs = 0;
std::atomic<bool> g_fails = false;
std::atomic<int> g_lock = -1;          // a descriptor of the write lock, to be tried at each sync
std::atomic<int> g_syncs_in_turn = 0;  // during which it was held

}  // namespace

// In front of the C library's, for SQLite too.
extern "C" int fdatasync(int fd) {
  ++g_syncs;
  if (const int lock = g_lock; lock >= 0) {
    if (::flock(lock, LOCK_EX | LOCK_NB) == 0) {
      ::flock(lock, LOCK_UN);
    } else {
      ++g_syncs_in_turn;
    }
  }
  if (g_fails) {
    errno = EIO;
    return -1;
  }
  return static_cast<int>(::syscall(SYS_fdatasync, fd));
}

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

namespace {

template <class Work>
int syncs_of(Work work) {
  const int before = g_syncs;
  work();
  return g_syncs - before;
}

}  // namespace

TEST_CASE("what a client is told is synced first; claims and results of jobs are not waited for") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "before the rest"));
  const auto id = worker(*store);

  CHECK(syncs_of([&] { REQUIRE(create(*store, "d1")); }) > 0);
  CHECK(syncs_of([&] { REQUIRE(replace(*store, "d1", "another text")); }) > 0);

  std::vector<Job> jobs;
  CHECK(syncs_of([&] { jobs = claim(*store, id, 2); }) == 0);
  REQUIRE(jobs.size() == 2);
  CHECK(syncs_of([&] { REQUIRE(heartbeat(*store, id)); }) == 0);
  CHECK(syncs_of([&] { REQUIRE(complete(*store, key_of(jobs[0]))); }) == 0);
  CHECK(syncs_of([&] {
          REQUIRE(embed(*store, key_of(jobs[1]), "d1", {chunk(0, "walrus", {1, 0})}, 2));
        }) == 0);
  CHECK(store->get_document("d1")->status == DocumentStatus::Ready);

  CHECK(syncs_of([&] { REQUIRE(remove(*store, "d1")); }) > 0);
}

TEST_CASE("the failure of a job is synced") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, worker(*store));
  CHECK(syncs_of([&] { REQUIRE(fail(*store, key_of(jobs[0]), "no", 1s, true)); }) > 0);
}

TEST_CASE("other processes may write while one waits for the disk") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  const Fd lock(::open(sqlite::WriteLock::path_of(environment.path()).c_str(), O_RDWR | O_CLOEXEC));
  REQUIRE(lock);
  REQUIRE(create(*store, "d0"));  // the beginning of a log is synced by SQLite, within the commit
  g_lock = lock.get();
  const int syncs = syncs_of([&] { REQUIRE(create(*store, "d1")); });
  g_lock = -1;
  CHECK(syncs > 0);
  CHECK(g_syncs_in_turn == 0);
}

TEST_CASE("a sync that fails is told to who waits for it, and the next write syncs both") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "d0"));  // as above
  g_fails = true;
  const auto failed = create(*store, "d1");
  g_fails = false;
  REQUIRE_FALSE(failed);
  INFO(failed.error().message);
  CHECK(failed.error().message.find("sync the log") != std::string::npos);
  REQUIRE(create(*store, "d2"));
  CHECK(store->get_document("d1"));
}

TEST_CASE("the index of terms is merged, and never within the commit that adds to it") {
  SqliteEnvironment environment;
  {
    const auto store = environment.open();
    for (int i = 0; i < 300; ++i) {
      const std::string name = "d" + std::to_string(i);
      store_ready(*store, name, {chunk(0, "walrus number" + std::to_string(i), {1, 0})});
    }
  }
  SQLite::Database database(environment.path().native());
  const auto ask = [&](const char* query) { return database.execAndGet(query).getInt(); };
  CHECK(ask("SELECT v FROM chunk_terms_config WHERE k = 'automerge'") == 0);
  // By crises alone there would be up to fifteen of each size.
  CHECK(ask("SELECT count(DISTINCT segid) FROM chunk_terms_idx") <= 12);
}
