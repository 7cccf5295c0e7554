// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/search_quality/quality.hpp"

#include "common/embedding/hashing.hpp"
#include "common/search/analyser.hpp"
#include "common/store/dot.hpp"
#include "tests/support/catch.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <cmath>
#include <fstream>
#include <future>
#include <latch>
#include <sstream>

namespace holdfast::search_quality {

namespace {

constexpr std::size_t kDepth = 10;

const embedding::HashingProvider& provider() {
  static const embedding::HashingProvider kProvider(config::Embedding{}.dimensions);
  return kProvider;
}

std::vector<std::vector<std::string>> read_table(const std::string& name) {
  std::ifstream file(std::string(HOLDFAST_SEARCH_QUALITY) + "/" + name);
  REQUIRE(file);
  std::vector<std::vector<std::string>> rows;
  for (std::string line; std::getline(file, line);) {
    std::vector<std::string> fields;
    std::istringstream in(line);
    for (std::string field; std::getline(in, field, '\t');)
      fields.push_back(field);
    rows.push_back(std::move(fields));
  }
  return rows;
}

std::vector<float> embed(const std::string& text) {
  const std::array<std::string_view, 1> texts{text};
  auto vectors = embedding::HashingProvider(provider()).embed(texts, {});
  REQUIRE(vectors);
  return std::move(vectors->front());
}

double gain(std::size_t place) {
  return 1 / std::log2(static_cast<double>(place) + 2);
}

template <class T, class Call>
T await(Call&& call) {
  std::promise<Result<T>> promise;
  call([&](Result<T> result) { promise.set_value(std::move(result)); });
  auto result = promise.get_future().get();
  REQUIRE(result);
  return std::move(*result);
}

std::string id_of(std::size_t place) {
  return fmt::format("{:08}-0000-4000-8000-000000000000", place);
}

}  // namespace

Collection load() {
  Collection collection;
  for (const auto& row : read_table("documents.tsv"))
    collection.documents.push_back({row.at(1), row.at(2)});
  for (const auto& row : read_table("queries.tsv")) {
    TestQuery query{row.at(0), row.at(1), {}};
    std::istringstream in(row.at(2));
    for (std::string place; std::getline(in, place, ',');)
      query.relevant.insert(std::stoul(place));
    collection.queries.push_back(std::move(query));
  }
  return collection;
}

QualityByKind measure(const Collection& collection, const Engine& engine) {
  QualityByKind by_kind;
  for (const TestQuery& query : collection.queries) {
    std::vector<std::size_t> found = engine(query.text);
    if (found.size() > kDepth) found.resize(kDepth);
    double dcg = 0;
    double ideal = 0;
    double hits = 0;
    const std::size_t possible = std::min(kDepth, query.relevant.size());
    for (std::size_t i = 0; i < found.size(); ++i) {
      if (!query.relevant.contains(found[i])) continue;
      dcg += gain(i);
      hits += 1;
    }
    for (std::size_t i = 0; i < possible; ++i)
      ideal += gain(i);
    for (Quality* quality : {&by_kind[query.kind], &by_kind["all"]}) {
      quality->ndcg += dcg / ideal;
      quality->recall += hits / static_cast<double>(possible);
      ++quality->queries;
    }
  }
  for (auto& [kind, quality] : by_kind) {
    quality.ndcg /= quality.queries;
    quality.recall /= quality.queries;
  }
  return by_kind;
}

void fill(store::Store& store, const Collection& collection) {
  search::Analyser analyser;
  const auto worker = await<std::int64_t>([&](auto done) {
    store.register_worker({"quality.0", 0, ""}, std::chrono::minutes(10), done);
  });
  for (std::size_t first = 0; first < collection.documents.size(); first += 100) {
    const std::size_t last = std::min(first + 100, collection.documents.size());
    std::vector<store::NewDocument> documents;
    for (std::size_t i = first; i < last; ++i) {
      store::NewDocument document;
      document.id = id_of(i);
      document.title = collection.documents[i].title;
      document.content = collection.documents[i].text;
      documents.push_back(std::move(document));
    }
    const auto created = await<store::CreatedBatch>(
        [&](auto done) { store.create_documents(std::move(documents), {}, done); });
    std::map<std::int64_t, std::size_t> document_of;  // job -> document
    for (std::size_t i = first; i < last; ++i)
      document_of[created.documents[i - first].job_id] = i;
    store::ClaimRequest request;
    request.worker_id = worker;
    request.limit = 100;
    const auto jobs =
        await<std::vector<store::Job>>([&](auto done) { store.claim(request, done); });
    REQUIRE(jobs.size() == last - first);
    std::latch finished(static_cast<std::ptrdiff_t>(jobs.size()));
    std::atomic<int> failed = 0;
    for (const store::Job& job : jobs) {
      const std::size_t place = document_of.at(job.id);
      const TestDocument& document = collection.documents[place];
      store::Chunk chunk;
      chunk.end = static_cast<std::int64_t>(document.text.size());
      chunk.text = document.text;
      chunk.terms = analyser.index_terms(document.text);
      chunk.vector = embed(document.title + "\n" + document.text);
      store::EmbeddedText text(std::vector<store::Chunk>{std::move(chunk)});
      text.title_terms = analyser.index_terms(document.title);
      store.complete_embedding({job.id, job.fence}, id_of(place), 1, std::move(text),
                               [&](const Result<void>& done) {
                                 if (!done) ++failed;
                                 finished.count_down();
                               });
    }
    finished.wait();
    REQUIRE(failed == 0);
  }
}

Engine holdfast_engine(store::Store& store) {
  return [&store](const std::string& text) {
    store::SearchQuery query;
    query.text = text;
    query.vector = embed(text);
    query.unrelated = provider().scale().unrelated;
    query.same = provider().scale().same;
    const auto hits = store.search(query);
    REQUIRE(hits);
    std::vector<std::size_t> found;
    for (const store::SearchHit& hit : *hits)
      found.push_back(std::stoul(hit.document_id.substr(0, 8)));
    return found;
  };
}

Engine plain_vectors(const Collection& collection) {
  std::vector<std::vector<float>> vectors;
  for (const TestDocument& document : collection.documents)
    vectors.push_back(embed(document.title + "\n" + document.text));
  return [vectors = std::move(vectors)](const std::string& text) {
    const std::vector<float> query = embed(text);
    std::vector<std::pair<float, std::size_t>> scores;
    for (std::size_t i = 0; i < vectors.size(); ++i)
      scores.emplace_back(-store::dot(vectors[i].data(), query.data(), query.size()), i);
    std::sort(scores.begin(), scores.end());
    std::vector<std::size_t> found;
    for (std::size_t i = 0; i < kDepth; ++i)
      found.push_back(scores[i].second);
    return found;
  };
}

std::vector<std::string> not_better(const QualityByKind& ours, const QualityByKind& other) {
  constexpr double kPerfect = 1 - 1e-9;
  std::vector<std::string> kinds;
  for (const auto& [kind, own] : ours) {
    const Quality& others = other.at(kind);
    const bool ordered = own.ndcg > others.ndcg || own.ndcg >= kPerfect;
    const bool complete = own.recall > others.recall || own.recall >= kPerfect;
    if (ordered && complete) continue;
    kinds.push_back(fmt::format("{}: nDCG {:.3f}, not {:.3f}; recall {:.3f}, not {:.3f}", kind,
                                own.ndcg, others.ndcg, own.recall, others.recall));
  }
  return kinds;
}

std::string table(const std::vector<std::pair<std::string, QualityByKind>>& engines) {
  std::string out = "| kind of query | queries |";
  for (const auto& [name, quality] : engines)
    out += fmt::format(" {} |", name);
  out += "\n|---|---|" + std::string();
  for (std::size_t i = 0; i < engines.size(); ++i)
    out += "---|";
  for (const auto& [kind, unused] : engines.front().second) {
    out += fmt::format("\n| {} | {} |", kind, unused.queries);
    for (const auto& [name, quality] : engines)
      out += fmt::format(" {:.2f} / {:.2f} |", quality.at(kind).ndcg, quality.at(kind).recall);
  }
  return out + "\n";
}

}  // namespace holdfast::search_quality
