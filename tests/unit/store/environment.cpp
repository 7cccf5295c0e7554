// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/store/environment.hpp"

#include "common/search/analyser.hpp"
#include "common/store/labels.hpp"
#include "tests/support/catch.hpp"

#include <cmath>

namespace holdfast::store::test {

OpenOptions on_host(const std::string& name) {
  OpenOptions options;
  options.host = HostIdentity{name, "boot of " + name};
  return options;
}

Result<Created> create(Store& store, const std::string& id, const std::string& content,
                       std::int32_t priority) {
  NewDocument document;
  document.id = id;
  document.title = "title of " + id;
  document.content = content;
  document.priority = priority;
  return await<Created>([&](auto done) { store.create_document(document, done); });
}

Result<Created> replace(Store& store, const std::string& id, const std::string& content,
                        Condition expected) {
  NewDocument document;
  document.id = id;
  document.title = "new title of " + id;
  document.content = content;
  return await<Created>([&](auto done) { store.replace_document(document, expected, done); });
}

Result<void> remove(Store& store, const std::string& id, Condition expected) {
  return await<void>([&](auto done) { store.delete_document(id, expected, done); });
}

std::int64_t worker(Store& store, const std::string& name, const std::string& predecessor,
                    Duration lease) {
  const auto id = await<std::int64_t>([&](auto done) {
    store.register_worker({name, 1, predecessor}, lease, done);
  });
  REQUIRE(id);
  return *id;
}

std::vector<Job> claim(Store& store, std::int64_t worker_id, std::uint32_t limit) {
  ClaimRequest request;
  request.worker_id = worker_id;
  request.limit = limit;
  auto jobs = await<std::vector<Job>>([&](auto done) { store.claim(request, done); });
  REQUIRE(jobs);
  return *jobs;
}

Result<void> complete(Store& store, JobKey key) {
  return await<void>([&](auto done) { store.complete(key, done); });
}

Result<void> embed(Store& store, JobKey key, const std::string& id, std::vector<Chunk> chunks,
                   std::int64_t version) {
  EmbeddedText text(std::move(chunks));
  const auto document = store.get_document(id);
  if (document) text.title_terms = search::Analyser().index_terms(document->title);
  if (document) text.labels = labels_of(document->metadata);
  return await<void>(
      [&](auto done) { store.complete_embedding(key, id, version, std::move(text), done); });
}

Result<JobState> fail(Store& store, JobKey key, const std::string& error, Duration backoff,
                      bool permanent) {
  return await<JobState>([&](auto done) {
    store.fail_job({key, error, permanent, backoff}, done);
  });
}

Result<HeartbeatReply> heartbeat(Store& store, std::int64_t worker_id, Duration lease) {
  return await<HeartbeatReply>([&](auto done) { store.heartbeat(worker_id, lease, done); });
}

Result<std::int64_t> release(Store& store, std::int64_t worker_id) {
  return await<std::int64_t>([&](auto done) { store.release(worker_id, done); });
}

Result<std::int64_t> rescue(Store& store) {
  return await<std::int64_t>([&](auto done) { store.rescue_expired(done); });
}

Result<Job> retry(Store& store, std::int64_t job_id) {
  return await<RetriedJob>([&](auto done) { store.retry_job(job_id, done); });
}

Result<std::int64_t> prune(Store& store, Duration keep) {
  return await<std::int64_t>([&](auto done) { store.prune(keep, done); });
}

void store_ready(Store& store, const std::string& id, std::vector<Chunk> chunks) {
  const auto created = create(store, id);
  REQUIRE(created);
  const auto jobs = claim(store, worker(store, "embedder"));
  REQUIRE(jobs.size() == 1);
  REQUIRE(jobs[0].id == created->job_id);
  REQUIRE(embed(store, key_of(jobs[0]), id, std::move(chunks)));
}

Chunk chunk(std::int64_t ordinal, const std::string& text, std::vector<float> vector) {
  Chunk result;
  result.ordinal = ordinal;
  result.end = static_cast<std::int64_t>(text.size());
  result.text = text;
  result.terms = search::Analyser().index_terms(text);
  result.vector = std::move(vector);
  return result;
}

Result<std::vector<SearchHit>> find(Store& store, const std::string& text,
                                    const std::vector<float>& vector, std::uint32_t k) {
  SearchQuery query;
  query.text = text;
  query.vector = vector;
  query.k = k;
  return store.search(query);
}

std::vector<float> unit(std::vector<float> vector) {
  float square = 0;
  for (const float x : vector)
    square += x * x;
  for (float& x : vector)
    x /= std::sqrt(square);
  return vector;
}

}  // namespace holdfast::store::test
