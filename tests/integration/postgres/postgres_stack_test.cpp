// SPDX-License-Identifier: Apache-2.0
// Whole stacks on a PostgreSQL server: posted, processed, found, through the death of anybody.
#include "common/os/file.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"
#include "tests/support/postgres.hpp"

#include <signal.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

PostgresServer& server() {
  static PostgresServer server;
  return server;
}

// A database of its own, and stacks on it: the first migrates it.
class Database {
 public:
  Database() : name_("stack_" + std::to_string(++count_)) { server().create_database(name_); }
  Database(const Database&) = delete;
  ~Database() { server().drop_database(name_); }

  std::map<std::string, std::string> environment() const {
    return {{"DATABASE_URL", server().url(name_)}};
  }
  std::string sql(const std::string& statement) const { return server().sql(name_, statement); }
  const std::string& name() const { return name_; }

  // Every acknowledged document has exactly one set of chunks, made by the claim that its job
  // records, and nothing is left over.
  void require_intact(std::size_t documents) const {
    CHECK(sql("SELECT count(*) FROM holdfast.document WHERE status = 1") ==
          std::to_string(documents));
    CHECK(sql("SELECT count(*) FROM holdfast.document AS d WHERE chunk_count <>"
              " (SELECT count(*) FROM holdfast.chunk AS c WHERE c.document = d.seq)") == "0");
    CHECK(sql("SELECT count(*) FROM holdfast.chunk AS c JOIN holdfast.job AS j ON j.id = c.job_id"
              " WHERE c.fence <> j.fence OR j.state <> 3") == "0");
    CHECK(sql("SELECT count(*) FROM holdfast.job WHERE state < 3") == "0");
    CHECK(sql("SELECT (SELECT count(*) FROM holdfast.job WHERE finished_at IS NOT NULL) ="
              " (SELECT sum(jobs) FROM holdfast.finished_count)") == "t");
  }

 private:
  static inline int count_ = 0;
  std::string name_;
};

// Two that serve the API, and one for the queue.
constexpr int kWorkersOfDefaultStack = 3;

// wait_ready() through an outage, in which the answers are problems.
bool wait_embedded(Stack& stack, const std::vector<std::string>& ids) {
  return std::all_of(ids.begin(), ids.end(), [&](const std::string& id) {
    return wait_until(
        [&] {
          const auto answer = stack.get("/api/documents/" + id);
          return answer.status == 200 && json::parse(answer.body).at("status") == "ready";
        },
        std::chrono::seconds(90));
  });
}

std::vector<std::string> post_all(Stack& stack, int rounds) {
  std::vector<std::string> ids;
  for (int round = 0; round < rounds; ++round) {
    for (const Text& text : licence_texts())
      ids.push_back(post_document(stack, text));
  }
  return ids;
}

std::vector<std::string> queue_worker(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{bin_dir() / "holdfast-queue-worker"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  return argv;
}

// A session that lets nobody store a job until it is destroyed.
class JobsLocked {
 public:
  explicit JobsLocked(const Database& database)
      : database_(database),
        session_({find_program("psql"), "-X", database.environment().at("DATABASE_URL"), "-c",
                  "LOCK TABLE holdfast.job IN EXCLUSIVE MODE; SELECT pg_sleep(3600)"},
                 {{"PGAPPNAME", "locks_jobs"}}, "/dev/null") {
    REQUIRE(wait_until([&] {
      return database_.sql(
                 "SELECT count(*) FROM pg_locks WHERE granted AND mode = 'ExclusiveLock'"
                 " AND relation = 'holdfast.job'::regclass") == "1";
    }));
  }
  JobsLocked(const JobsLocked&) = delete;
  ~JobsLocked() {
    database_.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'locks_jobs'");
  }

 private:
  const Database& database_;
  Process session_;
};

}  // namespace

TEST_CASE("postgres: a stack migrates, stores, embeds, finds and says which store it has") {
  Database database;
  Stack stack(default_stack(), database.environment());
  stack.wait_ready();
  const std::vector<std::string> ids = post_all(stack, 1);
  REQUIRE(wait_ready(stack, ids));
  const auto found = json::parse(stack.get("/api/search?q=warranty&k=5").body);
  INFO(found.dump());
  CHECK_FALSE(found["hits"].empty());
  database.require_intact(ids.size());
  REQUIRE(wait_until([&] {
    const std::string metrics = stack.metrics();
    return Stack::sum_of(metrics, "store_listening") >= 1 &&
           Stack::sum_of(metrics, "store_connections_made_total") >= 3 &&
           Stack::sum_of(metrics, "store_commits_total") > 0;
  }));
}

TEST_CASE("postgres: a worker on SQLite maps neither libpq nor what it brings with it") {
  Stack stack(default_stack());
  stack.wait_ready();
  for (const char* const name : {"api-worker.0", "queue-worker.0"}) {
    INFO(name);
    const std::string maps =
        read_file("/proc/" + std::to_string(stack.pid_of(name)) + "/maps").value();
    CHECK_THAT(maps, Catch::Contains("libsqlite3"));
    CHECK_THAT(maps, !Catch::Contains("libpq"));
    CHECK_THAT(maps, !Catch::Contains("libldap"));
  }
}

TEST_CASE("postgres: a libpq that cannot be loaded is named, with the package to install") {
  const TempDir dir;
  std::ofstream(dir / "libpq.so.5") << "no library";
  Process process(
      queue_worker({"migrate"}),
      {{"LD_LIBRARY_PATH", dir.path()}, {"DATABASE_URL", "postgresql://127.0.0.1/none"}},
      dir / "output");
  CHECK(process.wait().shell_status() != 0);
  CHECK_THAT(process.output(),
             Catch::Contains("libpq.so.5") && Catch::Contains("install the package libpq5"));
}

TEST_CASE("postgres: a document posted on one host is embedded by the worker of another") {
  Database database;
  const std::string clients = std::string(default_stack()) + "\n[queue]\npoll = \"1h\"\n";
  Stack first(clients, database.environment());
  first.wait_ready();
  Stack second(clients, database.environment());
  second.wait_ready();
  REQUIRE(first.command({"stop", "queue-worker"}).exit_code == 0);
  // Found by its notification: the poll would come in an hour.
  const std::string id = post_document(first, {"title", "a text for the other host"});
  REQUIRE(wait_ready(second, {id}));
}

TEST_CASE("postgres: the server killed, and workers, while there is work: nothing is lost") {
  Database database;
  Stack stack(default_stack(), database.environment());
  stack.wait_ready();
  std::vector<std::string> ids = post_all(stack, 2);
  for (int round = 0; round < 2; ++round) {
    server().kill();
    server().start();
    if (const pid_t victim = stack.pid_of("queue-worker.0"); victim > 0)
      signal_process(victim, SIGKILL);
    // 503 while the server recovers; what is answered 202 counts.
    REQUIRE(wait_until([&] {
      const auto answer = stack.post_json("/api/documents", {{"content", "after the outage"}});
      if (answer.status != 202) return false;
      ids.push_back(json::parse(answer.body).at("id"));
      return true;
    }));
  }
  REQUIRE(wait_embedded(stack, ids));
  database.require_intact(ids.size());
}

TEST_CASE("postgres: a stack ends within its budget while the server is frozen") {
  Database database;
  Stack stack(default_stack(), database.environment());
  stack.wait_ready();
  REQUIRE(wait_ready(stack, post_all(stack, 1)));
  server().freeze();
  const bool told = wait_until([&] { return stack.get("/ready").status == 503; });
  stack.supervisor().signal(SIGTERM);
  const auto ended = stack.supervisor().wait();
  server().thaw();
  REQUIRE(told);
  CHECK(ended.shell_status() == 0);
  // Nobody had to be killed: each left by itself, in its time.
  CHECK_THAT(stack.supervisor().output(), !Catch::Contains("did not stop within"));
}

TEST_CASE("postgres: without a server the stack is not ready, and says which database is meant") {
  Database database;
  Stack stack(default_stack(), database.environment());
  stack.wait_ready();
  server().stop();
  const bool told = wait_until([&] { return stack.get("/ready").status == 503; });
  server().start();
  REQUIRE(told);
  REQUIRE(wait_until([&] { return stack.get("/ready").status == 200; }));
}

TEST_CASE("postgres: a server that takes no writes is an outage like any other, until it does") {
  Database database;
  Stack stack(std::string(default_stack()) + "\n[store]\nstatement_timeout = \"1s\"\n",
              database.environment());
  stack.wait_ready();
  const auto alerted = [&] {
    const json status = stack.status();
    return std::any_of(status["alerts"].begin(), status["alerts"].end(), [](const json& alert) {
      return alert.value("name", "") == "HoldfastStoreUnavailable";
    });
  };
  {
    const JobsLocked locked(database);
    // Until each worker has met it: as long as one has not, the stack is ready.
    CHECK(wait_until([&] {
      const auto answer = stack.post_json("/api/documents", {{"content", "x"}});
      return answer.status == 503 && stack.get("/ready").status == 503;
    }));
    CHECK(wait_until(alerted));
    CHECK(wait_until([&] {
      const std::string metrics = stack.metrics();
      return metrics.find("store_up") != std::string::npos &&
             Stack::sum_of(metrics, "store_up") < 1;
    }));
  }
  REQUIRE(wait_until([&] { return stack.get("/ready").status == 200; }));
  REQUIRE(wait_until([&] { return !alerted(); }));
  REQUIRE(wait_ready(stack, {post_document(stack, {"title", "stored after it"})}));
  const std::string log = stack.supervisor().output();
  const auto lines = [&](std::string_view text) {
    int count = 0;
    for (std::size_t at = log.find(text); at != std::string::npos; at = log.find(text, at + 1))
      ++count;
    return count;
  };
  // Of each worker that has met it one, and of each one when it was over.
  CHECK(lines("the store cannot be used") >= 2);
  CHECK(lines("the store cannot be used") <= kWorkersOfDefaultStack);
  CHECK(lines("the store can be used again") == lines("the store cannot be used"));
}

TEST_CASE("postgres: a stack works with one place for each of its workers, and readers") {
  Database database;
  const std::string role = "places";
  Stack stack(std::string(default_stack()), [&] {
    auto environment = database.environment();
    database.sql(
        fmt::format("CREATE ROLE {0} LOGIN CONNECTION LIMIT {1};"
                    " GRANT CREATE ON DATABASE {2} TO {0}",
                    role, kWorkersOfDefaultStack, database.name()));
    std::string& url = environment.at("DATABASE_URL");
    url.replace(url.find("holdfast@"), std::string("holdfast").size(), role);
    return environment;
  }());
  stack.wait_ready();
  std::vector<std::string> ids = post_all(stack, 1);
  for (int i = 0; i < 20; ++i) {
    CHECK(stack.get("/api/search?q=warranty&k=5").status == 200);
    ids.push_back(post_document(stack, {"title", "text " + std::to_string(i)}));
  }
  REQUIRE(wait_ready(stack, ids));
  CHECK(stack.get("/ready").status == 200);
  database.require_intact(ids.size());
}

TEST_CASE("postgres: a stack that outgrows its file goes on where it was, on the server") {
  Database database;
  Stack small(default_stack());
  small.wait_ready();
  std::vector<std::string> ids = post_all(small, 1);
  REQUIRE(wait_ready(small, ids));
  REQUIRE(small.command({"stop", "queue-worker"}).exit_code == 0);
  ids.push_back(post_document(small, {"late", "stored, and not embedded any more"}));
  const json before = document(small, ids.front());

  const auto url_file = small.file("database-url");
  std::ofstream(url_file) << database.environment().at("DATABASE_URL") << "\n";
  const std::map<std::string, std::string> on_server{{"DATABASE_URL_FILE", url_file}};
  ProcessOptions options;
  options.environment = on_server;
  options.environment["HOLDFAST_STATE_DIR"] = small.file("state");
  const auto moving =
      queue_worker({"move", "--from", "sqlite://" + small.file("state/holdfast.db").native()});

  const Finished in_use = run_program(moving, options);
  CHECK(in_use.ended.shell_status() == 1);
  CHECK_THAT(in_use.output, Catch::Contains("is in use: stop Holdfast"));
  small.supervisor().signal(SIGTERM);
  REQUIRE(small.supervisor().wait().shell_status() == 0);

  // Killed in the middle.
  REQUIRE(run_program(queue_worker({"migrate"}), options).ended.shell_status() == 0);
  {
    const JobsLocked locked(database);
    Process killed(moving, options);
    REQUIRE(wait_until([&] {
      return database.sql(
                 "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
                 " AND query LIKE 'INSERT INTO holdfast.job(%'") == "1";
    }));
    killed.kill();
  }
  REQUIRE(wait_until([&] {
    return database.sql(
               "SELECT count(*) FROM pg_stat_activity"
               " WHERE datname = current_database() AND application_name = 'holdfast'") == "0";
  }));
  CHECK(database.sql("SELECT count(*) FROM holdfast.document") == std::to_string(ids.size()));
  CHECK(database.sql("SELECT count(*) FROM holdfast.job") == "0");

  const Finished moved = run_program(moving, options);
  INFO(moved.output);
  REQUIRE(moved.ended.shell_status() == 0);
  CHECK_THAT(moved.output, Catch::Contains("where an earlier move had begun") &&
                               Catch::Contains("rows, checksum"));
  CHECK(run_program(moving, options).ended.shell_status() == 0);

  Stack large(default_stack(), on_server);
  large.wait_ready();
  REQUIRE(wait_ready(large, ids));
  const json after = document(large, ids.front());
  CHECK(after.at("content") == before.at("content"));
  CHECK(after.at("created_at") == before.at("created_at"));
  CHECK(after.at("job_id") == before.at("job_id"));
  CHECK_FALSE(json::parse(large.get("/api/search?q=warranty&k=5").body)["hits"].empty());
  CHECK(large.status().at("store").at("engine") == "postgresql");
  database.require_intact(ids.size());
}
