// SPDX-License-Identifier: Apache-2.0
// Several processes on one database: kill -9 of workers and of the server at any moment.

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include <map>
#include <random>
#include <set>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;
using holdfast::test::wait_until;

namespace {

holdfast::test::Process child(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), HOLDFAST_STORE_CHILD);
  return holdfast::test::Process(arguments, {.input_pipe = true});
}

std::string job_of(const std::string& line) {
  return line.substr(2, line.find(' ', 2) - 2);
}

}  // namespace

TEST_CASE("a predecessor that still lives keeps its jobs; once it is dead they are rescued") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  const auto job_id = create(*store, "d1")->job_id;
  auto holder = child({"hold", environment.url(), "queue-worker.0"});
  REQUIRE(holder.read_line() == "held");
  worker(*store);
  REQUIRE(store->get_job(job_id)->state == JobState::Running);
  holder.kill();
  worker(*store, "queue-worker.0", "signal 9 (SIGKILL)");
  const auto job = store->get_job(job_id);
  REQUIRE(job->state == JobState::Waiting);
  REQUIRE(job->crashes == 1);
  REQUIRE(job->last_error == "signal 9 (SIGKILL)");
}

TEST_CASE("a paused queue hands out nothing, and peek does not call for a claim") {
  PostgresEnvironment environment;
  const auto store = environment.open();
  REQUIRE(create(*store, "d1"));
  const auto id = worker(*store);
  environment.sql("INSERT INTO holdfast.queue_ctl(queue, paused) VALUES('default', true)");
  REQUIRE_FALSE(store->peek("default")->ready);
  REQUIRE(claim(*store, id).empty());
  environment.sql("UPDATE holdfast.queue_ctl SET paused = false");
  REQUIRE(store->peek("default")->ready);
  REQUIRE(claim(*store, id).size() == 1);
}

TEST_CASE("claims of two processes at the same time share the jobs, and none waits") {
  PostgresEnvironment environment;
  const auto a = environment.open();
  const auto b = environment.open();
  constexpr int kJobs = 400;
  std::vector<std::promise<Result<Created>>> created(kJobs);
  for (int i = 0; i < kJobs; ++i) {
    NewDocument document;
    document.id = "d" + std::to_string(i);
    a->create_document(document, [&promise = created[static_cast<std::size_t>(i)]](
                                     Result<Created> r) { promise.set_value(std::move(r)); });
  }
  for (auto& promise : created)
    REQUIRE(promise.get_future().get());
  const std::array<std::int64_t, 2> workers{worker(*a, "a"), worker(*b, "b")};
  std::set<std::int64_t> seen;
  for (int round = 0; round < kJobs / 8 + 2; ++round) {
    std::array<std::promise<Result<std::vector<Job>>>, 2> answers;
    for (std::size_t i = 0; i < 2; ++i) {
      (i == 0 ? a : b)
          ->claim({workers[i], "default", 4, 10min},
                  [&, i](Result<std::vector<Job>> jobs) { answers[i].set_value(std::move(jobs)); });
    }
    for (auto& answer : answers) {
      const auto jobs = answer.get_future().get();
      REQUIRE(jobs);
      for (const Job& job : *jobs)
        REQUIRE(seen.insert(job.id).second);
    }
  }
  REQUIRE(seen.size() == kJobs);
}

TEST_CASE("workers and the server killed at any moment lose no job and do none twice") {
  PostgresEnvironment environment;
  // The server's own clock: leases and back-offs pass by themselves.
  environment.sql(
      "CREATE OR REPLACE FUNCTION holdfast.now_ms() RETURNS bigint LANGUAGE sql VOLATILE"
      " AS 'SELECT (extract(epoch FROM clock_timestamp()) * 1000)::bigint'");
  OpenOptions patient;
  patient.max_crashes = 1000;  // no job here is guilty
  const auto store = environment.open(patient);
  std::mt19937 random(std::random_device{}());
  std::set<std::string> acknowledged;
  std::map<std::string, int> completions;  // by job
  std::set<std::string> starts;            // job and fence
  const auto note = [&](const std::string& line) {
    if (line.starts_with("s ")) REQUIRE(starts.insert(line).second);
    if (line.starts_with("d ")) ++completions[job_of(line)];
  };
  for (int round = 0; round < 12; ++round) {
    auto first = child({"work", environment.url(), "queue-worker.0"});
    auto second = child({"work", environment.url(), "queue-worker.1"});
    std::vector<std::promise<Result<Created>>> promises(25);
    for (std::size_t i = 0; i < promises.size(); ++i) {
      NewDocument document;
      document.id = fmt::format("doc-{}-{}", round, i);
      store->create_document(document, [&promise = promises[i]](Result<Created> result) {
        promise.set_value(std::move(result));
      });
    }
    const std::size_t lines = 1 + random() % 20;
    for (std::size_t i = 0; i < lines; ++i) {
      const auto line = first.read_line();
      REQUIRE(line);
      INFO(*line);
      REQUIRE_FALSE(line->starts_with("error"));
      note(*line);
    }
    if (round % 4 == 3) shared_server().kill();
    first.kill();
    second.kill();
    for (auto* const dead : {&first, &second}) {
      while (const auto line = dead->read_line())
        note(*line);  // what it still said before it died
    }
    if (round % 4 == 3) shared_server().start();
    for (auto& promise : promises) {
      const auto created = promise.get_future().get();
      if (created) acknowledged.insert(created->document_id);
    }
  }
  for (const auto& [job, times] : completions)
    REQUIRE(times == 1);
  REQUIRE(wait_until([&] { return store->check().has_value(); }));
  REQUIRE(environment.sql("SELECT sum(crashes) > 0 FROM holdfast.job") == "t");

  // A last worker of each name rescues what the victims held, and does the rest.
  auto rest = child({"work", environment.url(), "queue-worker.0"});
  auto other = child({"work", environment.url(), "queue-worker.1"});
  REQUIRE(wait_until(
      [&] {
        const auto stats = store->queue_stats("default");
        return stats && stats->ready + stats->waiting + stats->running == 0;
      },
      2min));
  rest.kill();
  other.kill();
  for (const std::string& id : acknowledged) {
    const auto read = store->get_document(id);
    REQUIRE(read);
    REQUIRE(read->status == DocumentStatus::Ready);
    REQUIRE(read->chunk_count == 2);
  }
  REQUIRE(environment.sql("SELECT count(*) FROM holdfast.document AS d FULL JOIN holdfast.job AS j"
                          " ON j.id = d.job_id WHERE d.id IS NULL OR j.id IS NULL") == "0");
  REQUIRE(environment.sql("SELECT count(*) FROM holdfast.chunk JOIN holdfast.job"
                          " ON job.id = job_id WHERE chunk.fence <> job.fence") == "0");
  REQUIRE(environment.sql("SELECT count(*) = 2 * (SELECT count(*) FROM holdfast.document)"
                          " FROM holdfast.chunk") == "t");
  const auto stats = store->queue_stats("default");
  REQUIRE(stats->dead + stats->cancelled == 0);
  REQUIRE(environment.sql("SELECT count(*) FROM holdfast.job WHERE state = 3") ==
          std::to_string(stats->done));
}
