// SPDX-License-Identifier: Apache-2.0
// Search on PostgreSQL, beside the server's own full text and the vectors by themselves.

#include "tests/support/catch.hpp"
#include "tests/unit/search_quality/quality.hpp"
#include "tests/unit/store_postgres/postgres_environment.hpp"

#include <sstream>

using namespace holdfast;
using namespace holdfast::search_quality;
using holdfast::store::test::PostgresEnvironment;

namespace {

std::string quoted(const std::string& text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'') out += '\'';
    out += c;
  }
  return out + "'";
}

// As the manual shows it: to_tsvector('english'), any of the words, ts_rank(); phrases as they are.
void create_plain(const PostgresEnvironment& environment, const Collection& collection) {
  environment.sql("CREATE TABLE plain(id int, words tsvector)");
  for (std::size_t first = 0; first < collection.documents.size(); first += 50) {
    std::string values;
    for (std::size_t i = first; i < std::min(first + 50, collection.documents.size()); ++i) {
      const TestDocument& document = collection.documents[i];
      values += fmt::format(
          "{}({}, setweight(to_tsvector('english', {}), 'A') || to_tsvector('english', {}))",
          values.empty() ? "" : ", ", i, quoted(document.title), quoted(document.text));
    }
    environment.sql("INSERT INTO plain VALUES " + values);
  }
}

std::vector<std::size_t> plain_search(const PostgresEnvironment& environment,
                                      const std::string& text) {
  const std::string query =
      text.front() == '"'
          ? fmt::format("websearch_to_tsquery('english', {})", quoted(text))
          : fmt::format("replace(plainto_tsquery('english', {})::text, '&', '|')::tsquery",
                        quoted(text));
  const std::string ids = environment.sql(
      "SELECT string_agg(id::text, ' ') FROM (SELECT id FROM plain, (SELECT " + query +
      " AS q) AS asked WHERE words @@ q ORDER BY ts_rank(words, q) DESC, id LIMIT 10) AS best");
  std::vector<std::size_t> found;
  std::istringstream in(ids);
  for (std::size_t id = 0; in >> id;)
    found.push_back(id);
  return found;
}

}  // namespace

TEST_CASE("search finds more, and orders it better, than PostgreSQL's full text and vectors") {
  const Collection collection = load();
  PostgresEnvironment environment;
  const auto store = environment.open();
  fill(*store, collection);
  create_plain(environment, collection);
  const QualityByKind ours = measure(collection, holdfast_engine(*store));
  const QualityByKind by_words =
      measure(collection, [&](const auto& text) { return plain_search(environment, text); });
  const QualityByKind by_vectors = measure(collection, plain_vectors(collection));
  const std::string shown =
      table({{"Holdfast", ours}, {"PostgreSQL full text", by_words}, {"vectors", by_vectors}});
  INFO(shown);
  const std::vector<std::string> none;
  CHECK(not_better(ours, by_words) == none);
  CHECK(not_better(ours, by_vectors) == none);
  REQUIRE(ours.at("all").ndcg > by_words.at("all").ndcg + 0.2);
  REQUIRE(ours.at("all").ndcg > by_vectors.at("all").ndcg + 0.2);
}
