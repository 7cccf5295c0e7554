// SPDX-License-Identifier: Apache-2.0
// Search on the embedded engine, beside what it is made of: FTS5 as it comes, and the vectors.

#include "common/base/clock.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/search_quality/quality.hpp"

#include <SQLiteCpp/SQLiteCpp.h>

#include <cctype>

using namespace holdfast;
using namespace holdfast::search_quality;

namespace {

// What people build first: a table of titles and texts, all words joined by OR, bm25().
class PlainFts5 {
 public:
  explicit PlainFts5(const Collection& collection)
      : database_(":memory:", SQLite::OPEN_READWRITE | SQLite::OPEN_CREATE) {
    database_.exec("CREATE VIRTUAL TABLE t USING fts5(title, text)");
    SQLite::Transaction transaction(database_);
    SQLite::Statement insert(database_, "INSERT INTO t(rowid, title, text) VALUES(?, ?, ?)");
    for (std::size_t i = 0; i < collection.documents.size(); ++i) {
      insert.bind(1, static_cast<std::int64_t>(i));
      insert.bind(2, collection.documents[i].title);
      insert.bind(3, collection.documents[i].text);
      insert.exec();
      insert.reset();
    }
    transaction.commit();
  }

  std::vector<std::size_t> operator()(const std::string& text) {
    std::string expression;
    // FTS5 has phrases of its own.
    const bool phrase = text.front() == '"';
    std::string word;
    for (const char c : (phrase ? std::string() : text) + " ") {
      const auto byte = static_cast<unsigned char>(c);
      if (std::isalnum(byte) != 0 || byte >= 0x80) {
        word += c;
      } else if (!word.empty()) {
        expression += (expression.empty() ? "\"" : " OR \"") + word + "\"";
        word.clear();
      }
    }
    SQLite::Statement match(database_,
                            "SELECT rowid FROM t WHERE t MATCH ? ORDER BY rank, rowid LIMIT 10");
    match.bind(1, phrase ? text : expression);
    std::vector<std::size_t> found;
    while (match.executeStep())
      found.push_back(static_cast<std::size_t>(match.getColumn(0).getInt64()));
    return found;
  }

 private:
  SQLite::Database database_;
};

}  // namespace

TEST_CASE("search finds more, and orders it better, than FTS5 and vectors by themselves") {
  const Collection collection = load();
  REQUIRE(collection.queries.size() >= 200);
  const test::TempDir directory;
  const std::string url = "sqlite://" + (directory / "documents.db").string();
  REQUIRE(store::migrate_store(url));
  store::OpenOptions options;
  options.relaxed_durability = true;
  const SystemClock clock;
  const auto store = store::open_store(url, options, clock);
  REQUIRE(store);
  fill(**store, collection);
  PlainFts5 fts5(collection);
  const QualityByKind ours = measure(collection, holdfast_engine(**store));
  const QualityByKind by_words = measure(collection, [&](const auto& text) { return fts5(text); });
  const QualityByKind by_vectors = measure(collection, plain_vectors(collection));
  const std::string shown =
      table({{"Holdfast", ours}, {"FTS5 bm25", by_words}, {"vectors", by_vectors}});
  INFO(shown);
  const std::vector<std::string> none;
  CHECK(not_better(ours, by_words) == none);
  CHECK(not_better(ours, by_vectors) == none);
  REQUIRE(ours.at("all").ndcg > by_words.at("all").ndcg + 0.2);
  REQUIRE(ours.at("all").ndcg > by_vectors.at("all").ndcg + 0.2);
}
