// SPDX-License-Identifier: Apache-2.0
// Exact vector search, beside one pass over the same memory, and hybrid search, over 100,000 chunks
// of 256 dimensions.

#include "common/search/analyser.hpp"
#include "tests/bench/store/bench.hpp"

#include <latch>
#include <numeric>
#include <random>

namespace holdfast::bench {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::size_t kDimensions = 256;
constexpr int kDocuments = 25'000;
constexpr int kChunks = 4;

std::vector<float> random_vector(std::mt19937& random) {
  std::normal_distribution<float> normal(0, 1.0F / 16);  // about unit length at 256
  std::vector<float> vector(kDimensions);
  for (float& x : vector)
    x = normal(random);
  return vector;
}

std::string random_text(std::mt19937& random) {
  std::string text;
  for (int i = 0; i < 100; ++i)
    text += fmt::format("word{} ", random() % 10'000);
  return text;
}

void fill(store::Store& store, std::mt19937& random) {
  std::vector<std::string> ids;
  for (int i = 0; i < kDocuments; ++i) {
    const auto document = make_document();
    await<store::Created>([&](auto done) { store.create_document(document, done); });
    ids.push_back(document.id);
  }
  store::ClaimRequest request;
  request.worker_id = register_worker(store);
  request.limit = kDocuments;
  const auto jobs = await<std::vector<store::Job>>([&](auto done) { store.claim(request, done); });
  std::latch finished(kDocuments);
  for (std::size_t i = 0; i < jobs.size(); ++i) {  // in order of age, as the ids are
    std::vector<store::Chunk> chunks(kChunks);
    for (std::size_t ordinal = 0; ordinal < chunks.size(); ++ordinal) {
      chunks[ordinal].ordinal = static_cast<std::int64_t>(ordinal);
      chunks[ordinal].text = random_text(random);
      chunks[ordinal].terms = search::Analyser().index_terms(chunks[ordinal].text);
      chunks[ordinal].vector = random_vector(random);
    }
    store.complete_embedding({jobs[i].id, jobs[i].fence}, ids[i], 1,
                             store::EmbeddedText(std::move(chunks)),
                             [&](const Result<void>& result) {
                               if (!result) std::abort();
                               finished.count_down();
                             });
  }
  finished.wait();
}

Result<std::vector<store::SearchHit>> find(store::Store& store, const std::string& text,
                                           std::vector<float> vector) {
  store::SearchQuery query;
  query.text = text;
  query.vector = std::move(vector);
  return store.search(query);
}

void measure(store::Store& store, const std::string& name, const std::string& text, bool vector,
             std::mt19937& random) {
  Latencies latencies;
  for (int i = 0; i < 200; ++i) {
    const auto query = vector ? random_vector(random) : std::vector<float>{};
    const auto before = Clock::now();
    const auto hits = find(store, text, query);
    latencies.add(Clock::now() - before);
    if (!hits || hits->empty()) throw std::runtime_error("search found nothing");
  }
  fmt::print("{:<58} {:>11}   p50 {:6.3f} ms  p99 {:7.3f} ms\n", name, "",
             latencies.percentile(0.5), latencies.percentile(0.99));
}

// What no scan of the vectors can be faster than: reading their bytes once.
void measure_memory() {
  const std::vector<std::uint64_t> memory(std::size_t{kDocuments} * kChunks * kDimensions / 2, 1);
  Latencies latencies;
  std::uint64_t sum = 0;
  for (int i = 0; i < 20; ++i) {
    const auto before = Clock::now();
    sum += std::accumulate(memory.begin(), memory.end(), std::uint64_t{0});
    latencies.add(Clock::now() - before);
  }
  if (sum == 0) throw std::runtime_error("the memory was not read");
  fmt::print("{:<58} {:>11}   p50 {:6.3f} ms  p99 {:7.3f} ms\n",
             "limit: read the bytes of 100,000 x 256 floats once", "", latencies.percentile(0.5),
             latencies.percentile(0.99));
}

}  // namespace

void bench_search(const std::filesystem::path& parent) {
  const Database database(parent);
  const auto store = database.open(true);
  std::mt19937 random(1);
  auto begin = Clock::now();
  fill(*store, random);
  fmt::print("{:<58} {:>9.0f}/s\n", "complete_embedding, 4 chunks, NORMAL (with the enqueue)",
             kDocuments / Seconds(Clock::now() - begin).count());
  begin = Clock::now();
  (void)find(*store, "", random_vector(random));
  fmt::print("{:<58} {:>11}   once {:5.0f} ms\n", "search: load 100,000 vectors of 256", "",
             Seconds(Clock::now() - begin).count() * 1000);
  measure_memory();
  measure(*store, "search: vector, 100,000 x 256, exact", "", true, random);
  measure(*store, "search: text, 3 words", "word17 word4711 word999", false, random);
  measure(*store, "search: hybrid", "word17 word4711 word999", true, random);
}

}  // namespace holdfast::bench
