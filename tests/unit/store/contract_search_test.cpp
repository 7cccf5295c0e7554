// SPDX-License-Identifier: Apache-2.0
// Search: exact by vector, safe by text, fused, and current after every change by anybody.

#include "tests/support/catch.hpp"
#include "tests/unit/store/environment.hpp"

#include <algorithm>
#include <map>
#include <random>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

namespace {

constexpr std::size_t kDimensions = 37;  // no multiple of a vector register

std::vector<float> random_unit(std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> vector(kDimensions);
  for (float& x : vector)
    x = normal(random);
  return unit(vector);
}

using Corpus = std::map<std::string, std::vector<std::vector<float>>>;

// What an exact search must answer, computed the plain way.
std::vector<std::string> brute_force(const Corpus& corpus, const std::vector<float>& query,
                                     std::size_t k) {
  std::vector<std::pair<double, std::string>> scores;
  for (const auto& [id, vectors] : corpus) {
    double best = 0;
    for (const auto& vector : vectors) {
      double score = 0;
      for (std::size_t i = 0; i < query.size(); ++i) {
        score += static_cast<double>(vector[i]) * static_cast<double>(query[i]);
      }
      best = std::max(best, score);
    }
    if (best > 0) scores.emplace_back(-best, id);
  }
  std::sort(scores.begin(), scores.end());
  std::vector<std::string> ids;
  for (const auto& [score, id] : scores) {
    if (ids.size() < k) ids.push_back(id);
  }
  return ids;
}

std::vector<std::string> ids_of(const Result<std::vector<SearchHit>>& hits) {
  REQUIRE(hits);
  std::vector<std::string> ids;
  for (const SearchHit& hit : *hits)
    ids.push_back(hit.document_id);
  return ids;
}

void add_random(Store& store, Corpus& corpus, const std::string& id, std::mt19937& random) {
  std::vector<Chunk> chunks;
  const std::size_t count = 1 + random() % 3;
  for (std::size_t i = 0; i < count; ++i) {
    corpus[id].push_back(random_unit(random));
    chunks.push_back(chunk(static_cast<std::int64_t>(i), "words", corpus[id].back()));
  }
  store_ready(store, id, std::move(chunks));
}

}  // namespace

TEST_CASE("vector search agrees with brute force, while another process adds and deletes") {
  const auto environment = make_environment();
  const auto writer = environment->open();
  const auto searcher = environment->open();
  OpenOptions no_memory;
  no_memory.vector_cache_bytes = 1;
  const auto frugal = environment->open(no_memory);
  std::mt19937 random(20261123);
  Corpus corpus;
  int next = 0;
  for (int round = 0; round < 12; ++round) {
    for (int i = 0; i < 5; ++i) {
      add_random(*writer, corpus, "d" + std::to_string(next++), random);
    }
    if (round % 2 == 1) {
      const auto victim = std::next(corpus.begin(), static_cast<long>(random() % corpus.size()));
      REQUIRE(remove(*writer, victim->first));
      corpus.erase(victim);
    }
    const auto query = random_unit(random);
    const auto expected = brute_force(corpus, query, 7);
    REQUIRE(ids_of(find(*searcher, "", query, 7)) == expected);
    REQUIRE(ids_of(find(*frugal, "", query, 7)) == expected);
  }
}

TEST_CASE("what a store keeps in memory is told, and follows the search that fills it") {
  const auto environment = make_environment();
  const auto store = environment->open();
  std::mt19937 random(20261129);
  Corpus corpus;
  for (int i = 0; i < 50; ++i)
    add_random(*store, corpus, "d" + std::to_string(i), random);
  REQUIRE(store->memory_use().vectors == 0);
  REQUIRE(find(*store, "", random_unit(random), 5));
  const std::uint64_t held = store->memory_use().vectors;
  if (environment->has_vector_index()) {
    REQUIRE(held == 0);
    return;
  }
  REQUIRE(held >= 50 * random_unit(random).size() * sizeof(float));
  REQUIRE(remove(*store, "d0"));
  REQUIRE(find(*store, "", random_unit(random), 5));
  REQUIRE(store->memory_use().vectors < held);
}

TEST_CASE("a hit is the document's best chunk, with its cosine") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(
      *store, "d1",
      {chunk(0, "east", {1, 0}), chunk(1, "north-east", unit({1, 1})), chunk(2, "north", {0, 1})});
  const auto hits = find(*store, "", unit({1, 2}), 10);
  REQUIRE(hits->size() == 1);
  const SearchHit& hit = hits->front();
  REQUIRE(hit.document_id == "d1");
  REQUIRE(hit.title == "title of d1");
  REQUIRE(hit.chunk == 1);
  REQUIRE(hit.text == "north-east");
  REQUIRE(hit.similarity.value() == Approx(3 / std::sqrt(10.0)));
  REQUIRE(hit.score == Approx(0.3 * 3 / std::sqrt(10.0)));
}

TEST_CASE("full text finds words of the text and, stronger, of the title; accents do not matter") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "plain", {chunk(0, "the caf\xc3\xa9 on the corner, a zebra", {1})});
  store_ready(*store, "zebra", {chunk(0, "animals of the plain by the river bank", {1})});
  REQUIRE(ids_of(find(*store, "CAFE", {}, 5)) == std::vector<std::string>{"plain"});
  const auto hits = find(*store, "zebra", {}, 5);
  REQUIRE(ids_of(hits) == std::vector<std::string>{"zebra", "plain"});
  REQUIRE_FALSE(hits->front().similarity);
}

TEST_CASE("words and vectors add up, and words weigh more") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "nearest", {chunk(0, "nothing of the kind", {1, 0, 0})});
  store_ready(*store, "both", {chunk(0, "a lighthouse keeper", unit({1, 0.5, 0}))});
  store_ready(*store, "words", {chunk(0, "lighthouse lighthouse lighthouse", {0, 0, 1})});
  const auto hits = find(*store, "lighthouse", {1, 0, 0}, 3);
  REQUIRE(ids_of(hits) == std::vector<std::string>{"both", "words", "nearest"});
  REQUIRE(hits->at(2).score == Approx(0.3));
}

TEST_CASE("no more than k documents come back, and none for k = 0") {
  const auto environment = make_environment();
  const auto store = environment->open();
  for (int i = 0; i < 5; ++i) {
    store_ready(*store, "d" + std::to_string(i), {chunk(0, "same words", {1})});
  }
  REQUIRE(find(*store, "words", {1}, 3)->size() == 3);
  REQUIRE(find(*store, "words", {1}, 0)->empty());
  REQUIRE(find(*store, "", {}, 3)->empty());
}

TEST_CASE("vectors of another dimension than the query's are passed over") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "two", {chunk(0, "x", {1, 0})});
  store_ready(*store, "three", {chunk(0, "x", {1, 0, 0})});
  store_ready(*store, "none", {chunk(0, "x", {})});
  REQUIRE(ids_of(find(*store, "", {1, 0}, 5)) == std::vector<std::string>{"two"});
  REQUIRE(ids_of(find(*store, "", {1, 0, 0}, 5)) == std::vector<std::string>{"three"});
}

TEST_CASE("a deleted document is found by neither vector nor words, in any process") {
  const auto environment = make_environment();
  const auto one = environment->open();
  const auto two = environment->open();
  store_ready(*one, "d1", {chunk(0, "ephemeral", {1})});
  REQUIRE(find(*two, "ephemeral", {1}, 5)->size() == 1);
  REQUIRE(remove(*one, "d1"));
  REQUIRE(find(*two, "ephemeral", {1}, 5)->empty());
  REQUIRE(find(*one, "ephemeral", {1}, 5)->empty());
}

TEST_CASE("nothing that people type is a syntax error") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "d1", {chunk(0, "to be or not to be", {1})});
  const std::vector<std::string> hostile{"\"",
                                         "'",
                                         "\"unbalanced",
                                         "AND",
                                         "OR OR",
                                         "NOT",
                                         "NEAR(",
                                         "be*",
                                         "-be",
                                         "^be",
                                         "title:be",
                                         "{title text}: be",
                                         "be + or",
                                         "((((",
                                         "))))",
                                         ";",
                                         "--",
                                         "\\",
                                         "%",
                                         std::string("a\0b", 3),
                                         std::string("\0", 1),
                                         "\xff\xfe\xfd",
                                         "\xf0\x9f\x98\x80",
                                         "\xc3",
                                         "   ",
                                         "\t\n",
                                         std::string(100'000, 'a'),
                                         std::string(50'000, '"')};
  for (const std::string& text : hostile) {
    INFO(text.substr(0, 40));
    REQUIRE(find(*store, text, {}, 5));
  }
  std::string many;
  for (int i = 0; i < 5000; ++i)
    many += "word" + std::to_string(i) + " ";
  REQUIRE(find(*store, many, {}, 5));
  std::string quotes;
  for (int i = 0; i < 300; ++i)
    quotes += "\"to be\" \"word" + std::to_string(i) + "\" ";
  REQUIRE(find(*store, quotes, {}, 5));
  REQUIRE(ids_of(find(*store, "\"be\" AND (nothing", {}, 5)) == std::vector<std::string>{"d1"});

  std::mt19937 random(7);
  for (int i = 0; i < 2000; ++i) {
    std::string text(random() % 24, ' ');
    for (char& c : text)
      c = static_cast<char>(random() % 256);
    REQUIRE(find(*store, text, {}, 5));
  }
}

namespace {

void store_text(Store& store, const std::string& id, const std::string& title,
                const std::string& text, const std::string& metadata = "{}") {
  NewDocument document;
  document.id = id;
  document.title = title;
  document.content = text;
  document.metadata = metadata;
  REQUIRE(await<Created>([&](auto done) { store.create_document(document, done); }));
  const auto jobs = claim(store, worker(store, "embedder"));
  REQUIRE(jobs.size() == 1);
  REQUIRE(embed(store, key_of(jobs[0]), id, {chunk(0, text, {1, 0})}));
}

std::vector<std::string> found(Store& store, const std::string& text) {
  return ids_of(find(store, text, {}, 50));
}

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("the only document with a code comes first, however it is written") {
  const auto environment = make_environment();
  const auto store = environment->open();
  for (int i = 0; i < 30; ++i) {
    store_text(*store, "note" + std::to_string(i), "Note",
               "error code XR-" + std::to_string(5000 + i) + ": an error, code follows; error");
  }
  store_text(*store, "it", "Note", "The printer shows XK-4471.");
  for (const char* query : {"error code XK-4471", "xk 4471", "XK4471", "error code xk_4471"}) {
    INFO(query);
    REQUIRE(found(*store, query).front() == "it");
  }
}

TEST_CASE("a code of several parts comes first, however it is written, and in quotes") {
  const auto environment = make_environment();
  const auto store = environment->open();
  for (int i = 0; i < 20; ++i) {
    store_text(*store, "note" + std::to_string(i), "Note",
               "Part 12, part 34, card 1080, ISO 8859-" + std::to_string(i + 2) + ", report 24");
  }
  store_text(*store, "ab", "A", "Part AB12CD failed");
  store_text(*store, "ef", "B", "Part EF 34 GH failed");
  store_text(*store, "gtx", "C", "Card GTX 1080Ti is out");
  store_text(*store, "a320", "D", "Aircraft A320neo lands");
  store_text(*store, "car", "E", "IMEI/Kfz M-AB 1234");
  store_text(*store, "video", "F", "1080p60 video");
  store_text(*store, "q3", "G", "Q3FY24 report");
  store_text(*store, "iso", "H", "ISO 8859-1");
  store_text(*store, "rfc", "I", "see RFC 9110");
  for (const auto& [query, id] :
       std::map<std::string, std::string>{{"AB 12 CD", "ab"},
                                          {"AB-12-CD", "ab"},
                                          {"ab12cd", "ab"},
                                          {"EF34GH", "ef"},
                                          {"GTX1080Ti", "gtx"},
                                          {"gtx1080", "gtx"},
                                          {"A320 neo", "a320"},
                                          {"MAB1234", "car"},
                                          {"1080 p60", "video"},
                                          {"q3 fy24", "q3"},
                                          {"iso88591", "iso"},
                                          {"\"iso88591\"", "iso"},
                                          {"\"ISO-88591\"", "iso"},
                                          {"\"rfc9110\"", "rfc"},
                                          {"\"rfc-9110\"", "rfc"},
                                          {"\"ef34gh\"", "ef"},
                                          {"\"AB 12 CD\"", "ab"},
                                          {"\"GTX1080 Ti\"", "gtx"},
                                          {"\"card gtx1080ti is\"", "gtx"}}) {
    INFO(query);
    const Names names = found(*store, query);
    REQUIRE_FALSE(names.empty());
    CHECK(names.front() == id);
    if (query.starts_with('"')) CHECK(names.size() == 1);
  }
}

TEST_CASE("a title that is the query comes before texts that mention it") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_text(*store, "lunch", "Lunch menu",
             "Parking, parking, and soup. Parking is behind the hall.");
  store_text(*store, "parking", "Parking", "Cars stand behind the hall.");
  REQUIRE(found(*store, "parking") == Names{"parking", "lunch"});
}

TEST_CASE("words are found in their other forms, in any script") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_text(*store, "de", "Lager", "Die Schrauben und die H\u00e4user sind in der Halle.");
  store_text(*store, "ru", "\u0421\u043a\u043b\u0430\u0434", "Книги лежат на столах в комнате.");
  store_text(*store, "zh", "\u624b\u518c", "我们在这里测试中文搜索引擎。");
  store_text(*store, "ja", "\u6848\u5185", "東京タワーへ行きました。");
  store_text(*store, "ko", "\uc548\ub0b4", "바다는 넓고 학교에서 가깝다.");
  store_text(*store, "th", "\u0e04\u0e39\u0e48", "ฉันชอบกินข้าวผัด");
  store_text(*store, "bom", "Start", "\ufeffHalyard and sheet.");
  REQUIRE(found(*store, "Schraube") == Names{"de"});
  REQUIRE(found(*store, "Haus") == Names{"de"});
  REQUIRE(found(*store, "книга") == Names{"ru"});
  REQUIRE(found(*store, "стол") == Names{"ru"});
  REQUIRE(found(*store, "中文搜索") == Names{"zh"});
  REQUIRE(found(*store, "京タワ") == Names{"ja"});
  REQUIRE(found(*store, "바다가") == Names{"ko"});
  REQUIRE(found(*store, "학교") == Names{"ko"});
  REQUIRE(found(*store, "ข้าว") == Names{"th"});
  REQUIRE(found(*store, "halyard") == Names{"bom"});
}

TEST_CASE("what is quoted must be there, word for word") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_text(*store, "yes", "A", "Lift the main sail before noon.");
  store_text(*store, "no", "B", "The sail of the main mast is a sail, the main one.");
  REQUIRE(found(*store, "\"main sail\"") == Names{"yes"});
  REQUIRE(found(*store, "noon \"main sail\"") == Names{"yes"});
  REQUIRE(found(*store, "\"sail main\"").empty());
  REQUIRE(found(*store, "main sail").size() == 2);
  REQUIRE(found(*store, "\"main sail").size() == 2);  // no end: means nothing
  // Near in meaning does not count.
  REQUIRE(ids_of(find(*store, "\"main sail\"", {1, 0}, 9)) == Names{"yes"});
}

TEST_CASE("a word that nobody has is taken for misspelt") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_text(*store, "rope", "A", "The halyards are wet.");
  store_text(*store, "hall", "B", "The hall is dry.");
  for (const char* query : {"haylards", "halyrds", "halxyards", "hallyarrds"}) {
    INFO(query);
    REQUIRE(found(*store, query) == Names{"rope"});
  }
  REQUIRE(found(*store, "xalyards").empty());
  REQUIRE(found(*store, "ha").empty());
}

TEST_CASE("signs find nothing, and C++ is a word") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_text(*store, "cpp", "Languages", "We write C++ here.");
  store_text(*store, "bread", "Bread", "Really??? Water, flour and salt.");
  REQUIRE(ids_of(find(*store, "???", {1, 0}, 9)).empty());
  REQUIRE(found(*store, "c++") == Names{"cpp"});
}

TEST_CASE("a search is narrowed by metadata, status and score") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_text(*store, "en", "Tide", "The tide rises.", R"({"lang":"en","tags":["sea","moon"]})");
  store_text(*store, "de", "Tide", "Die Tide steigt.", R"({"lang":"de","tags":["sea"]})");
  store_text(*store, "none", "Tide", "A tide.");
  const auto narrowed = [&](std::vector<WantedLabel> labels,
                            std::optional<DocumentStatus> status = {}) {
    SearchQuery query;
    query.text = "tide";
    query.vector = {1, 0};
    query.labels = std::move(labels);
    query.status = status;
    auto ids = ids_of(store->search(query));
    std::sort(ids.begin(), ids.end());
    return ids;
  };
  REQUIRE(narrowed({}) == Names{"de", "en", "none"});
  REQUIRE(narrowed({{"lang", "en"}}) == Names{"en"});
  REQUIRE(narrowed({{"tags", "sea"}}) == Names{"de", "en"});
  REQUIRE(narrowed({{"tags", "sea"}, {"tags", "moon"}}) == Names{"en"});
  REQUIRE(narrowed({{"lang", "en"}, {"tags", "wind"}}).empty());
  // Either of two values.
  REQUIRE(narrowed({{"lang", "fr", "en"}}) == Names{"en"});
  REQUIRE(narrowed({{"tags", "sea", "moon"}}) == Names{"de", "en"});
  REQUIRE(narrowed({{"tags", "sea", "moon"}, {"lang", "en"}}) == Names{"en"});
  REQUIRE(narrowed({{"tags", "sea", "moon"}, {"lang", "fr"}}).empty());
  REQUIRE(narrowed({{"lang", "' OR 1=1 --"}}).empty());
  REQUIRE(narrowed({{std::string("\xff", 1), "en"}}).empty());
  REQUIRE(narrowed({}, DocumentStatus::Failed).empty());
  // Half of the words are in none.
  SearchQuery half;
  half.text = "tide walrus";
  REQUIRE(store->search(half)->size() == 3);
  half.min_score = 0.99;
  REQUIRE(store->search(half)->empty());
  // Being replaced: found as it was, unless only ready ones are wanted.
  REQUIRE(replace(*store, "en", "The tide falls."));
  REQUIRE(narrowed({{"lang", "en"}}) == Names{"en"});
  REQUIRE(narrowed({}, DocumentStatus::Ready) == Names{"de", "none"});
  REQUIRE(narrowed({}, DocumentStatus::Pending) == Names{"en"});
}

TEST_CASE("a whole number of metadata is the same one however it was written") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto found_by = [&](const std::string& name, const std::string& value) {
    SearchQuery query;
    query.text = "tide";
    query.vector = {1, 0};
    query.labels = {{name, value}};
    auto ids = ids_of(store->search(query));
    std::sort(ids.begin(), ids.end());
    return ids;
  };
  store_text(*store, "a", "Tide", "A tide.", R"({"n":1e2,"big":1e16,"g":1.0,"f":1.5})");
  store_text(*store, "b", "Tide", "A tide.", R"({"n":100,"big":10000000000000000,"g":-0.0})");
  store_text(*store, "c", "Tide", "A tide.", R"({"n":100.0,"g":[1,2.0],"f":"1.0"})");
  REQUIRE(found_by("n", "100") == Names{"a", "b", "c"});
  REQUIRE(found_by("big", "10000000000000000") == Names{"a", "b"});
  REQUIRE(found_by("g", "1") == Names{"a", "c"});
  REQUIRE(found_by("g", "2") == Names{"c"});
  REQUIRE(found_by("g", "0") == Names{"b"});
  REQUIRE(found_by("f", "1.5") == Names{"a"});
  // As it was written, a worker of the release before asks for it. Text is no number.
  REQUIRE(found_by("n", "100.0") == Names{"a", "c"});
  REQUIRE(found_by("f", "1").empty());
  // Beyond 2^63, too.
  store_text(*store, "d", "Tide", "A tide.", R"({"huge":1e19,"low":-1e19,"far":1e20})");
  store_text(*store, "e", "Tide", "A tide.",
             R"({"huge":10000000000000000000,"low":-10000000000000000000,)"
             R"("far":100000000000000000000})");
  REQUIRE(found_by("huge", "10000000000000000000") == Names{"d", "e"});
  REQUIRE(found_by("low", "-10000000000000000000") == Names{"d", "e"});
  REQUIRE(found_by("far", "100000000000000000000") == Names{"d", "e"});
}

TEST_CASE("a search is narrowed by each of very many values of a document") {
  const auto environment = make_environment();
  const auto store = environment->open();
  std::string metadata = R"({"tags":[)";
  for (int i = 0; i < 2000; ++i)
    metadata += (i > 0 ? ",\"t" : "\"t") + std::to_string(i) + "\"";
  metadata += R"(],"\u00fcn\u00ef":"w\u00e9rt"})";
  store_text(*store, "many", "Tide", "A tide.", metadata);
  store_text(*store, "none", "Tide", "A tide.");
  for (const auto& [name, value] :
       std::vector<std::pair<std::string, std::string>>{{"tags", "t0"},
                                                        {"tags", "t255"},
                                                        {"tags", "t999"},
                                                        {"tags", "t1999"},
                                                        {"\u00fcn\u00ef", "w\u00e9rt"}}) {
    INFO(value);
    SearchQuery query;
    query.text = "tide";
    query.labels = {{name, value}};
    CHECK(ids_of(store->search(query)) == Names{"many"});
  }
}

TEST_CASE("of more equal matches than are looked at closely the best is found, whatever its age") {
  const auto environment = make_environment();
  const auto store = environment->open();
  constexpr std::size_t kDocuments = 300;
  const std::map<std::size_t, std::string> titles{
      {0, "Mizzen boom"}, {kDocuments / 2, "The anchor chains"}, {kDocuments - 2, "Rudder blade"}};
  for (std::size_t i = 0; i < kDocuments; ++i) {
    const auto title = titles.find(i);
    std::string text =
        "The mizzen boom, an anchor chain and the rudder blade: checked, galley, and in order.";
    if (i == 200)
      text =
          "The galley, a galley, galley: above is the mizzen boom, lit is the lamp, all is in "
          "order.";
    if (i == kDocuments - 1) text = "Storm report: The mizzen boom broke in the hurricane.";
    // What has it in the title says more besides.
    if (title != titles.end()) text += " Nothing else of that kind was to be told about it today.";
    store_text(*store, "d" + std::to_string(i), title != titles.end() ? title->second : "Log", text,
               i % 2 == 0 ? R"({"watch":"even"})" : R"({"watch":"odd"})");
  }
  const auto first = [&](const std::string& text, std::vector<WantedLabel> labels = {}) {
    SearchQuery query;
    query.text = text;
    query.labels = std::move(labels);
    const auto hits = store->search(query);
    REQUIRE(hits);
    REQUIRE(hits->size() == query.k);
    return hits->front().document_id;
  };
  const std::vector<WantedLabel> even{{"watch", "even"}};
  for (const auto& [query, id] :
       std::map<std::string, std::string>{{"mizzen boom", "d0"},
                                          {"\"mizzen boom\"", "d0"},
                                          {"anchor chain", "d150"},
                                          {"anchoring chains", "d150"},
                                          {"rudder blade", "d298"},
                                          {"blade \"the rudder\"", "d298"},
                                          {"galley", "d200"}}) {
    INFO(query);
    CHECK(first(query) == id);
    CHECK(first(query, even) == id);
  }
  CHECK(first("\"mizzen boom\" hurricane") == "d299");
  CHECK(first("mizzen boom hurricane", {{"watch", "odd"}}) == "d299");
  CHECK(first("\"the\" hurricane") == "d299");
  // No phrase reaches from the title into the text.
  CHECK(found(*store, "\"boom the\"").empty());
}

TEST_CASE("a hit has a snippet with its words marked") {
  const auto environment = make_environment();
  const auto store = environment->open();
  std::string text;
  for (int i = 0; i < 60; ++i)
    text += "Nothing of interest here. ";
  store_text(*store, "d1", "T", text + "Hoist the <b>halyard</b> & wait. " + text);
  const auto hits = find(*store, "halyards", {}, 5);
  REQUIRE(hits->size() == 1);
  const std::string& snippet = hits->front().snippet;
  REQUIRE(snippet.find("&lt;b&gt;<mark>halyard</mark>&lt;/b&gt; &amp; wait.") != std::string::npos);
  REQUIRE(snippet.starts_with("…"));
  REQUIRE(snippet.ends_with("…"));
  REQUIRE(snippet.size() < 400);
}
