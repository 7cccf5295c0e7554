// SPDX-License-Identifier: Apache-2.0
// Several processes on one file: turns at the lock, kill -9 at any moment, predecessors.

#include "common/os/proc.hpp"
#include "common/store/sqlite/range_lock.hpp"
#include "common/store/sqlite/write_lock.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store/sqlite_environment.hpp"

#include <poll.h>

#include <csignal>
#include <map>
#include <optional>
#include <random>
#include <set>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using holdfast::test::wait_until;

TEST_CASE("two processes that write flat out both get their turns") {
  SqliteEnvironment environment;
  std::vector<holdfast::test::Process> children;
  for (int i = 0; i < 2; ++i)
    children.push_back(store_child({"create", environment.url()}));
  for (auto& child : children)
    REQUIRE(child.read_line() == "ready");
  for (auto& child : children)
    child.close_input();
  std::array<int, 2> made{};
  while (made[0] + made[1] < 400) {
    pollfd fds[] = {{children[0].output_pipe(), POLLIN, 0}, {children[1].output_pipe(), POLLIN, 0}};
    REQUIRE(::poll(fds, 2, 60'000) > 0);
    for (std::size_t i = 0; i < 2; ++i) {
      if ((fds[i].revents & POLLIN) == 0) continue;
      REQUIRE(children[i].read_line()->size() == 36);
      ++made[i];
    }
  }
  INFO(made[0] << " and " << made[1]);
  REQUIRE(made[0] >= 60);
  REQUIRE(made[1] >= 60);
}

TEST_CASE("a process that is stopped with the write lock is named, and what it holds up recovers") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "before"));
  auto holder = store_child({"lock", environment.url()});
  REQUIRE(holder.read_line() == "held");
  holder.signal(SIGSTOP);
  const auto is_named = [&](const auto& result) {
    return !result && result.error().kind == ErrorKind::Unavailable &&
           result.error().message.find(fmt::format("process {} (store_child), which is stopped",
                                                   holder.pid())) != std::string::npos;
  };
  CHECK(is_named(create(*store, "too late")));
  CHECK(is_named(store->check()));
  const auto began = std::chrono::steady_clock::now();
  CHECK(is_named(create(*store, "nobody waits as long again")));
  CHECK(std::chrono::steady_clock::now() - began < 4s);

  holder.kill();
  REQUIRE(wait_until([&] { return store->check().has_value(); }));
  REQUIRE(create(*store, "after"));
}

TEST_CASE("a process that is stopped while it waits for the write lock holds nobody up") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  auto lock = sqlite::WriteLock::open(environment.path());
  std::optional guard(lock->acquire());
  auto waiting = store_child({"lock", environment.url()});
  REQUIRE(wait_until([&] {
    struct flock turn = sqlite::range_lock(0, F_WRLCK);
    const Fd file(::open(sqlite::WriteLock::path_of(environment.path()).c_str(), O_RDWR));
    return ::fcntl(file.get(), F_OFD_GETLK, &turn) == 0 && turn.l_type != F_UNLCK;
  }));
  waiting.signal(SIGSTOP);
  REQUIRE(wait_until([&] {
    const auto stat = read_process_stat(waiting.pid());
    return stat && stat->state == 'T';
  }));
  guard.reset();
  for (int i = 0; i < 10; ++i)
    REQUIRE(create(*store, "d" + std::to_string(i)));
  waiting.signal(SIGCONT);
  CHECK(waiting.read_line() == "held");
}

TEST_CASE("Ctrl-Z stops nobody who has the write lock, but once it is released") {
  SqliteEnvironment environment;
  auto lock = sqlite::WriteLock::open(environment.path());
  const auto is_put_off = [] {
    sigset_t blocked;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
    return ::sigismember(&blocked, SIGTSTP) == 1;
  };
  std::optional guard(lock->acquire());
  CHECK(is_put_off());
  guard.reset();
  CHECK_FALSE(is_put_off());
}

TEST_CASE("the pages that a process caches are told") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "d1"));
  REQUIRE(store->memory_use().pages > 0);
}

TEST_CASE("a predecessor that still lives keeps its jobs; once it is dead they are rescued") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  const auto job_id = create(*store, "d1")->job_id;
  auto holder = store_child({"hold", environment.url(), "queue-worker.0"});
  REQUIRE(holder.read_line() == "held");

  // A rolling restart: the new one of the slot starts while the old one drains.
  worker(*store);
  REQUIRE(store->get_job(job_id)->state == JobState::Running);

  holder.kill();
  worker(*store, "queue-worker.0", "signal 9 (SIGKILL)");
  const auto job = store->get_job(job_id);
  REQUIRE(job->state == JobState::Waiting);
  REQUIRE(job->crashes == 1);
  REQUIRE(job->last_error == "signal 9 (SIGKILL)");
}

TEST_CASE("a predecessor that let go of deleted files has its jobs given back, without a charge") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  const auto job_id = create(*store, "d1")->job_id;
  auto holder = store_child({"hold", environment.url(), "queue-worker.0"});
  REQUIRE(holder.read_line() == "held");
  holder.kill();
  worker(*store, "queue-worker.0", "exit 69");
  const auto job = store->get_job(job_id);
  CHECK(job->state == JobState::Ready);
  CHECK(job->crashes == 0);
  CHECK(job->attempt == 0);
}

TEST_CASE("a reboot ends every lease at once") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  const auto job_id = create(*store, "d1")->job_id;
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(rescue(*store) == 0);
  sql(environment.path(), "UPDATE worker SET boot_id = 'an earlier boot'");
  REQUIRE(rescue(*store) == 1);
  REQUIRE(store->get_job(job_id)->last_error == "the machine was restarted");
}

TEST_CASE("a paused queue hands out nothing, and peek does not call for a claim") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "d1"));
  const auto id = worker(*store);
  sql(environment.path(), "INSERT INTO queue_ctl(queue, paused) VALUES('default', 1)");
  REQUIRE_FALSE(store->peek("default")->ready);
  REQUIRE(claim(*store, id).empty());
  sql(environment.path(), "UPDATE queue_ctl SET paused = 0");
  REQUIRE(store->peek("default")->ready);
  REQUIRE(claim(*store, id).size() == 1);
}

TEST_CASE("new chunks replace the old ones, for every process that searches") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  const auto other = environment.open();
  store_ready(*store, "d1", {chunk(0, "caterpillar", {1, 0}), chunk(1, "leaf", {0, 1})});
  REQUIRE(find(*other, "", {0, 1}, 5)->front().text == "leaf");
  // As a new version of the document would: the same job runs again.
  sql(environment.path(), "UPDATE job SET state = 0, finished_at = NULL");
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(embed(*store, key_of(jobs[0]), "d1", {chunk(0, "butterfly", {1, 0})}));
  for (Store* const reader : {store.get(), other.get()}) {
    REQUIRE(find(*reader, "caterpillar leaf", {}, 5)->empty());
    REQUIRE(find(*reader, "", {0, 1}, 5)->empty());
    REQUIRE(find(*reader, "butterfly", {1, 0}, 5)->front().text == "butterfly");
  }
  REQUIRE(store->get_document("d1")->chunk_count == 1);
  require_intact(environment.path());
}

TEST_CASE("an index that fell behind the kept changes loads everything and is right") {
  SqliteEnvironment environment;
  const auto store = environment.open();
  const auto other = environment.open();
  store_ready(*store, "old", {chunk(0, "x", {1, 0})});
  REQUIRE(find(*other, "", {1, 0}, 5)->size() == 1);
  REQUIRE(remove(*store, "old"));
  store_ready(*store, "new", {chunk(0, "y", {1, 0})});
  sql(environment.path(),
      "DELETE FROM chunk_change WHERE seq < (SELECT max(seq) FROM chunk_change)");
  const auto hits = find(*other, "", {1, 0}, 5);
  REQUIRE(hits->size() == 1);
  REQUIRE(hits->front().document_id == "new");
}

TEST_CASE("workers killed at any moment lose no job and do none twice") {
  SqliteEnvironment environment;
  OpenOptions patient;
  patient.max_crashes = 1000;  // no job here is guilty
  const SystemClock real;
  auto store = std::move(*open_store(environment.url(), patient, real));
  std::mt19937 random(std::random_device{}());
  std::set<std::string> acknowledged;
  std::map<std::string, int> completions;  // by job
  std::set<std::string> starts;            // job and fence

  for (int round = 0; round < 20; ++round) {
    auto child = store_child({"work", environment.url()});
    std::vector<std::promise<Result<Created>>> promises(25);
    for (std::size_t i = 0; i < promises.size(); ++i) {
      NewDocument document;
      document.id = fmt::format("doc-{}-{}", round, i);
      store->create_document(document, [&promise = promises[i]](Result<Created> result) {
        promise.set_value(std::move(result));
      });
    }
    const std::size_t lines = 1 + random() % 40;
    for (std::size_t i = 0; i < lines; ++i) {
      const auto line = child.read_line();
      REQUIRE(line);
      INFO(*line);
      const auto what = line->substr(0, 2);
      REQUIRE((what == "s " || what == "d "));
      if (what == "s ") REQUIRE(starts.insert(*line).second);
      if (what == "d ") ++completions[line->substr(2, line->find(' ', 2) - 2)];
    }
    child.kill();
    while (const auto line = child.read_line()) {  // what it still said before it died
      if (line->starts_with("d ")) ++completions[line->substr(2, line->find(' ', 2) - 2)];
    }
    for (auto& promise : promises) {
      const auto created = promise.get_future().get();
      REQUIRE(created);
      acknowledged.insert(created->document_id);
    }
  }
  for (const auto& [job, times] : completions)
    REQUIRE(times == 1);
  REQUIRE(sql(environment.path(), "SELECT sum(crashes) > 0 FROM job") == "1");

  // The last worker rescues what the last victim held, and waits until every back-off is over.
  store.reset();
  environment.clock.step_wall(real.wall() - environment.clock.wall());
  const auto last = environment.open();
  const auto id = worker(*last);
  environment.clock.step_wall(24h);
  for (auto jobs = claim(*last, id, 16); !jobs.empty(); jobs = claim(*last, id, 16)) {
    for (const Job& job : jobs) {
      const auto begin = job.payload.find("doc-");
      const auto document = job.payload.substr(begin, job.payload.find('"', begin) - begin);
      REQUIRE(embed(*last, key_of(job), document,
                    {chunk(0, "chunk 0", {1, 0}), chunk(1, "chunk 1", {1, 0})}));
    }
  }
  REQUIRE(acknowledged.size() == 500);
  for (const std::string& document : acknowledged) {
    const auto read = last->get_document(document);
    REQUIRE(read);
    INFO(document << ", job " << to_string(last->get_job(read->job_id)->state));
    REQUIRE(read->status == DocumentStatus::Ready);
    REQUIRE(read->chunk_count == 2);
  }
  const auto stats = last->queue_stats("default");
  REQUIRE(stats->done == 500);
  REQUIRE(stats->ready + stats->waiting + stats->running + stats->dead + stats->cancelled == 0);
  REQUIRE(sql(environment.path(), "SELECT count(*) FROM chunk") == "1000");
  REQUIRE(sql(environment.path(),
              "SELECT count(*) FROM chunk JOIN job ON job.id = job_id"
              " WHERE chunk.fence <> job.fence") == "0");
  require_intact(environment.path());
}
