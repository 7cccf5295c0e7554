// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/common/measure.hpp"
#include "tests/bench/queue/beds.hpp"
#include "tests/bench/queue/figures.hpp"
#include "tests/bench/queue/parts.hpp"
#include "tests/bench/queue/worker_thread.hpp"
#include "tests/support/wait.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <fmt/format.h>
#include <libpq-fe.h>

#include <functional>
#include <random>

namespace holdfast::bench {

namespace {

constexpr int kQueries = 200;

// One of ten thousand words that begin and end as words do, in all ways.
std::string word(std::uint32_t number) {
  constexpr std::string_view kConsonants = "bdfghklmnprstvwz";
  constexpr std::string_view kVowels = "aeiou";
  std::string letters;
  for (; letters.size() < 4 || number > 0; number /= 80) {
    letters += kConsonants[number % 16];
    letters += kVowels[number / 16 % 5];
  }
  return letters;
}

// Of so many that a query finds some.
std::string random_words(std::mt19937& random, int count, const char* between) {
  std::string text;
  for (int i = 0; i < count; ++i) {
    if (i > 0) text += between;
    text += word(static_cast<std::uint32_t>(random() % 10'000));
  }
  return text;
}

std::vector<std::string> texts(int count) {
  std::mt19937 random(1);
  std::vector<std::string> all(static_cast<std::size_t>(count));
  for (std::string& text : all)
    text = random_words(random, 100, " ");
  return all;
}

void time_queries(Figures& figures, const std::string& row,
                  const std::function<void(std::mt19937&)>& query) {
  std::mt19937 random(2);
  query(random);  // the first one loads what is kept in memory
  std::vector<double> taken;
  for (int i = 0; i < kQueries; ++i) {
    const std::int64_t before = now_ns();
    query(random);
    taken.push_back(ms_between(before, now_ns()));
  }
  figures.add(row, "p50", median(taken));
  figures.add(row, "p99", percentile(taken, 0.99));
}

void measure_holdfast(Figures& figures, const Database& database, const std::string& engine,
                      int documents) {
  const auto embedder = std::make_unique<embedding::HashingProvider>(256);
  {
    const auto store = database.open();
    StampingProvider provider([] {});
    WorkerThread worker(*store, provider);
    for (const std::string& text : texts(documents)) {
      store::NewDocument document = new_document();
      document.content = text;
      store->create_document(std::move(document),
                             [&](const Result<store::Created>&) { worker.doorbell().ring(); });
    }
    if (!test::wait_until([&] { return worker.done() >= documents; }, std::chrono::minutes(15))) {
      throw std::runtime_error("the documents were not indexed");
    }
  }
  const auto store = database.open();  // the worker has told the first one to end
  const auto found = [&](const std::string& text, const std::vector<float>& vector) {
    store::SearchQuery query;
    query.text = text;
    query.vector = vector;
    const auto hits = store->search(query);
    if (!hits) throw std::runtime_error("search: " + hits.error().message);
    if (hits->empty()) throw std::runtime_error("search found nothing for '" + text + "'");
  };
  time_queries(figures, engine + ", by words",
               [&](std::mt19937& random) { found(random_words(random, 3, " "), {}); });
  time_queries(figures, engine + ", by words and vector", [&](std::mt19937& random) {
    const std::string text = random_words(random, 3, " ");
    const std::string_view one[] = {text};
    found(text, embedder->embed(one, {})->front());
  });
}

void measure_plain_sqlite(Figures& figures, Beds& beds, int documents) {
  SQLite::Database database((beds.fresh_directory() / "plain.db").native(),
                            SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE);
  database.exec("CREATE VIRTUAL TABLE plain USING fts5(text)");
  SQLite::Transaction filling(database);
  SQLite::Statement insert(database, "INSERT INTO plain(text) VALUES(?1)");
  for (const std::string& text : texts(documents)) {
    insert.bind(1, text);
    insert.exec();
    insert.reset();
  }
  filling.commit();
  SQLite::Statement query(database,
                          "SELECT text FROM plain WHERE plain MATCH ?1 ORDER BY rank LIMIT 10");
  time_queries(figures, "sqlite, plain FTS5", [&](std::mt19937& random) {
    query.bind(1, random_words(random, 3, " OR "));
    while (query.executeStep()) {
    }
    query.reset();
  });
}

void measure_plain_postgres(Figures& figures, const std::string& url, int documents) {
  const std::unique_ptr<PGconn, void (*)(PGconn*)> connection(PQconnectdb(url.c_str()), PQfinish);
  const auto run = [&](const std::string& sql) {
    const std::unique_ptr<PGresult, void (*)(PGresult*)> result(
        PQexec(connection.get(), sql.c_str()), PQclear);
    const ExecStatusType status = PQresultStatus(result.get());
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
      throw std::runtime_error(PQerrorMessage(connection.get()));
    }
  };
  run("CREATE TABLE plain(text text, words tsvector"
      " GENERATED ALWAYS AS (to_tsvector('english', text)) STORED)");
  run("BEGIN");
  for (const std::string& text : texts(documents))
    run("INSERT INTO plain(text) VALUES('" + text + "')");
  run("COMMIT");
  run("CREATE INDEX ON plain USING gin(words)");
  run("ANALYZE plain");
  time_queries(figures, "postgresql, plain ts_rank", [&](std::mt19937& random) {
    run("SELECT text FROM plain, to_tsquery('english', '" + random_words(random, 3, " | ") +
        "') AS query WHERE words @@ query ORDER BY ts_rank(words, query) DESC LIMIT 10");
  });
}

}  // namespace

void bench_search(const Options& options, Beds& beds) {
  Figures figures(fmt::format("search among {} documents of 100 words, ms", options.documents),
                  {"p50", "p99"});
  for (const std::string& engine : kEngines) {
    if (!options.wants(engine)) continue;
    if (engine == "sqlite") {
      measure_plain_sqlite(figures, beds, options.documents);
    } else {
      measure_plain_postgres(figures, beds.fresh_postgres(), options.documents);
    }
    measure_holdfast(figures, {beds, engine}, engine, options.documents);
  }
  figures.print(2);
}

}  // namespace holdfast::bench
