// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/queue/beds.hpp"

#include "common/base/id.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/wait.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::bench {

namespace {

constexpr int kBulk = 500;

test::Finished redis_cli(const std::string& port, const std::string& command) {
  return test::run_program({test::find_program("redis-cli"), "-p", port, command});
}

}  // namespace

test::PostgresServer& Beds::postgres() {
  if (!postgres_) postgres_.emplace();
  return *postgres_;
}

std::string Beds::fresh_postgres() {
  const std::string name = fmt::format("bench_{}", ++count_);
  postgres().create_database(name);
  return postgres().url(name);
}

std::string Beds::fresh_redis() {
  if (!redis_) {
    const std::filesystem::path program = test::find_program("redis-server");
    if (program.empty()) throw std::runtime_error("install redis-server");
    redis_port_ = test::free_port();
    redis_.emplace(std::vector<std::string>{program, "--port", redis_port_, "--bind", "127.0.0.1",
                                            "--dir", directory_.path(), "--save", "",
                                            "--appendonly", "yes", "--appendfsync", "always"},
                   std::map<std::string, std::string>{}, directory_ / "redis.log");
  }
  const auto emptied = [&] { return redis_cli(redis_port_, "flushall").output == "OK\n"; };
  if (!test::wait_until(emptied)) throw std::runtime_error("redis: " + redis_->output());
  return "redis://127.0.0.1:" + redis_port_;
}

std::filesystem::path Beds::fresh_directory() {
  const std::filesystem::path path = directory_ / std::to_string(++count_);
  std::filesystem::create_directory(path);
  return path;
}

Database::Database(Beds& beds, const std::string& engine)
    : url_(engine == "sqlite" ? "sqlite://" + (beds.fresh_directory() / "bench.db").native()
                              : beds.fresh_postgres()) {
  const auto report = store::migrate_store(url_);
  if (!report) throw std::runtime_error(report.error().message);
}

std::unique_ptr<store::Store> Database::open(const store::OpenOptions& options) const {
  auto opened = store::open_store(url_, options, clock_);
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

store::NewDocument new_document() {
  static const std::string text =
      "A few words to be stored, cut into chunks, embedded and found again: the report of the "
      "night shift says that pump seven stopped at twenty past two and was started again by hand "
      "after the filter.";
  store::NewDocument document;
  document.id = make_uuid();
  document.title = "a title";
  document.content = text.substr(0, 200);
  return document;
}

void fill(store::Store& store, int documents) {
  for (int stored = 0; stored < documents; stored += kBulk) {
    std::vector<store::NewDocument> bulk(
        static_cast<std::size_t>(std::min(kBulk, documents - stored)));
    std::generate(bulk.begin(), bulk.end(), new_document);
    await<store::CreatedBatch>(
        [&](auto done) { store.create_documents(std::move(bulk), std::nullopt, std::move(done)); });
  }
}

}  // namespace holdfast::bench
