// SPDX-License-Identifier: Apache-2.0
// What a request costs the loop's thread if it is answered there, by the size of the document, and
// what handing it to the pool and back costs instead. The figures behind kInlineBytes
// (api-worker/handlers/services.hpp, docs/adr).
#include "api-worker/edge/offload.hpp"
#include "api-worker/handlers/document_input.hpp"
#include "api-worker/handlers/document_json.hpp"
#include "common/http/content_coding.hpp"
#include "common/store/store.hpp"

#include <benchmark/benchmark.h>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <nlohmann/json.hpp>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <stdexcept>

using namespace holdfast;

namespace {

std::string text_of(std::int64_t bytes) {
  std::string text;
  while (text.size() < static_cast<std::size_t>(bytes))
    text += "The moon pulls the sea; twice a day it rises, and twice it falls again.\n";
  text.resize(static_cast<std::size_t>(bytes));
  return text;
}

// A store in a directory of its own, with one document.
class OneDocument {
 public:
  explicit OneDocument(std::int64_t bytes) {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "holdfast-bench-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = pattern;
    const std::string url = "sqlite://" + (directory_ / "bench.db").native();
    if (!store::migrate_store(url)) throw std::runtime_error("migrate");
    store_ = std::move(store::open_store(url, {}, clock_).value());
    store::NewDocument document;
    document.id = "d";
    document.title = "Tides";
    document.content = text_of(bytes);
    std::promise<void> stored;
    store_->create_document(std::move(document), [&](const auto& created) {
      if (created) stored.set_value();
    });
    stored.get_future().wait();
  }
  ~OneDocument() {
    store_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }
  store::Store& store() { return *store_; }

 private:
  std::filesystem::path directory_;
  SystemClock clock_;
  std::unique_ptr<store::Store> store_;
};

void sizes(benchmark::internal::Benchmark* bench) {
  for (const std::int64_t bytes : {600, 4 << 10, 16 << 10, 64 << 10, 1 << 20, 10 << 20})
    bench->Arg(bytes);
  bench->Unit(benchmark::kMicrosecond);
}

}  // namespace

static void read_document(benchmark::State& state) {
  OneDocument one(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(api::document_json(one.store().get_document("d").value()));
}
BENCHMARK(read_document)->Apply(sizes);

// How a GET of a large document begins: whether it is large.
static void read_without_content(benchmark::State& state) {
  OneDocument one(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(one.store().get_document_within("d", 599).value());
}
BENCHMARK(read_without_content)->Apply(sizes);

static void parse_document(benchmark::State& state) {
  const std::string body = nlohmann::json{{"content", text_of(state.range(0))}}.dump();
  http::Request head;
  head.headers.add("Content-Type", "application/json");
  for (auto _ : state)
    benchmark::DoNotOptimize(api::parse_document(head, body).value());
}
BENCHMARK(parse_document)->Apply(sizes);

static void compress(benchmark::State& state) {
  const std::string text = text_of(state.range(0));
  for (auto _ : state)
    benchmark::DoNotOptimize(http::gzip(text));
}
BENCHMARK(compress)->Apply(sizes);

// To the pool and back to the loop, one at a time: what a point read there pays on top.
static void to_the_pool_and_back(benchmark::State& state) {
  boost::asio::io_context io;
  const auto work = boost::asio::make_work_guard(io);
  api::Offload offload(2, 16, true);
  for (auto _ : state) {
    bool back = false;
    const bool taken =
        offload.run(api::Work::Scan, [&] { boost::asio::post(io, [&] { back = true; }); });
    while (taken && !back)
      io.run_one();
  }
}
BENCHMARK(to_the_pool_and_back)->Unit(benchmark::kMicrosecond)->UseRealTime();
