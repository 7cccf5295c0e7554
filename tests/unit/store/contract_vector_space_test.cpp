// SPDX-License-Identifier: Apache-2.0
// Vectors of several spaces in one store: only those of one are compared, and the others' documents
// are embedded again.

#include "tests/support/catch.hpp"
#include "tests/unit/store/environment.hpp"

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

namespace {

OpenOptions in_space(const std::string& space) {
  OpenOptions options;
  options.vector_space = space;
  return options;
}

std::int64_t enqueue_outdated(Store& store, std::uint32_t limit, Duration age = 0s) {
  const auto count =
      await<std::int64_t>([&](auto done) { store.enqueue_outdated(limit, age, done); });
  REQUIRE(count);
  return *count;
}

std::int64_t outdated(Store& store) {
  return store.queue_stats("default")->outdated_documents;
}

const std::vector<float> kVector{1, 0};

// By vector alone: no word of the texts.
std::size_t hits_by_vector(Store& store) {
  return find(store, "", kVector, 10)->size();
}

}  // namespace

TEST_CASE("a job that is put off keeps its attempt, however often") {
  const auto environment = make_environment();
  OpenOptions options;
  options.max_attempts = 1;
  const auto store = environment->open(options);
  const auto job_id = create(*store, "d1")->job_id;
  const auto id = worker(*store);
  for (int i = 0; i < 3; ++i) {
    const auto jobs = claim(*store, id);
    REQUIRE(jobs.size() == 1);
    const auto state = await<JobState>([&](auto done) {
      store->fail_job({key_of(jobs[0]), "the provider is down", false, 10s, true}, done);
    });
    REQUIRE(state == JobState::Waiting);
    const auto job = store->get_job(job_id);
    REQUIRE(job->attempt == 0);
    REQUIRE(job->last_error == "the provider is down");
    REQUIRE(job->run_at == environment->wall_ms() + 10'000);
    environment->advance(10s);
  }
  REQUIRE(store->get_document("d1")->status == DocumentStatus::Pending);
  REQUIRE(fail(*store, key_of(claim(*store, id)[0]), "its own fault") == JobState::Dead);
}

TEST_CASE("a search compares only vectors of its own space") {
  const auto environment = make_environment();
  const auto before = environment->open(in_space("a/2"));
  store_ready(*before, "d1", {chunk(0, "walrus", kVector)});
  const auto after = environment->open(in_space("b/2"));
  CHECK(hits_by_vector(*before) == 1);
  CHECK(hits_by_vector(*after) == 0);
  // Until it is embedded again, its words find it.
  const auto hits = find(*after, "walrus", kVector, 10);
  REQUIRE(hits->size() == 1);
  CHECK_FALSE(hits->front().similarity);

  store_ready(*after, "d2", {chunk(0, "penguin", kVector)});
  CHECK(hits_by_vector(*before) == 1);
  CHECK(hits_by_vector(*after) == 1);
  SECTION("also if the vectors do not fit into memory") {
    OpenOptions small = in_space("b/2");
    small.vector_cache_bytes = 1;
    CHECK(hits_by_vector(*environment->open(small)) == 1);
  }
}

TEST_CASE("documents of another space are embedded again, the newest jobs last") {
  const auto environment = make_environment();
  const auto before = environment->open(in_space("a/2"));
  for (const char* id : {"d1", "d2", "d3"})
    store_ready(*before, id, {chunk(0, "walrus", kVector)});
  CHECK(outdated(*before) == 0);
  const auto after = environment->open(in_space("b/2"));
  CHECK(outdated(*after) == 3);
  environment->advance(1s);
  // At most two of them wait.
  CHECK(enqueue_outdated(*after, 2) == 2);
  CHECK(enqueue_outdated(*after, 2) == 0);
  // A new document goes first.
  const auto created = create(*after, "d4");
  const auto id = worker(*after);
  const auto jobs = claim(*after, id, 10);
  REQUIRE(jobs.size() == 3);
  CHECK(jobs[0].id == created->job_id);
  CHECK(jobs[1].payload.find("d") != std::string::npos);
  // It stays ready, and is found as before, while the job runs.
  CHECK(after->list_documents({10, "", DocumentStatus::Ready})->documents.size() == 3);
  CHECK(hits_by_vector(*before) == 3);
  // Claimed ones do not wait any more: there is room for the third.
  CHECK(enqueue_outdated(*after, 2) == 1);
  const auto ready = after->list_documents({10, "", DocumentStatus::Ready});
  for (const Document& document : ready->documents) {
    if (document.job_id == jobs[1].id) {
      REQUIRE(embed(*after, key_of(jobs[1]), document.id, {chunk(0, "walrus", kVector)}));
    }
  }
  CHECK(outdated(*after) == 2);
  CHECK(hits_by_vector(*after) == 1);
  CHECK(hits_by_vector(*before) == 2);
}

TEST_CASE("what was embedded lately is left to those who did it") {
  const auto environment = make_environment();
  const auto before = environment->open(in_space("a/2"));
  store_ready(*before, "d1", {chunk(0, "walrus", kVector)});
  const auto after = environment->open(in_space("b/2"));
  CHECK(enqueue_outdated(*after, 10, 1s) == 0);
  CHECK(outdated(*after) == 1);
  CHECK(enqueue_outdated(*after, 10, -1s) == 1);
}

TEST_CASE("a document that cannot be embedded again stays as it was, and is left alone") {
  const auto environment = make_environment();
  const auto before = environment->open(in_space("a/2"));
  store_ready(*before, "d1", {chunk(0, "walrus", kVector)});
  const auto after = environment->open(in_space("b/2"));
  environment->advance(1s);
  REQUIRE(enqueue_outdated(*after, 10) == 1);
  const auto jobs = claim(*after, worker(*after));
  REQUIRE(jobs.size() == 1);
  REQUIRE(fail(*after, key_of(jobs[0]), "refused", 0s, true) == JobState::Dead);
  const auto document = after->get_document("d1");
  CHECK(document->status == DocumentStatus::Ready);
  CHECK(document->chunk_count == 1);
  CHECK(find(*after, "walrus", {}, 10)->size() == 1);
  CHECK(enqueue_outdated(*after, 10) == 0);
  CHECK(outdated(*after) == 1);
  SECTION("also if somebody retries its job") {
    REQUIRE(await<RetriedJob>([&](auto done) { after->retry_job(jobs[0].id, done); }));
    CHECK(after->get_document("d1")->status == DocumentStatus::Ready);
    const auto again = claim(*after, worker(*after));
    REQUIRE(again.size() == 1);
    REQUIRE(fail(*after, key_of(again[0]), "refused", 0s, true) == JobState::Dead);
    CHECK(find(*after, "walrus", {}, 10)->size() == 1);
  }
}

TEST_CASE(
    "a document whose job to embed it again is cancelled stays as it was, and is left alone") {
  const auto environment = make_environment();
  const auto before = environment->open(in_space("a/2"));
  store_ready(*before, "d1", {chunk(0, "walrus", kVector)});
  const auto after = environment->open(in_space("b/2"));
  environment->advance(1s);
  REQUIRE(enqueue_outdated(*after, 10) == 1);
  const std::int64_t id = after->get_document("d1")->job_id;
  const auto cancel = [&] {
    return await<Job>([&](auto done) { after->cancel_job(id, done); }).has_value();
  };
  SECTION("while it waits") {
    REQUIRE(cancel());
  }
  SECTION("while it runs, and its worker leaves") {
    const auto held_by = worker(*after);
    REQUIRE(claim(*after, held_by).size() == 1);
    REQUIRE(cancel());
    REQUIRE(await<std::int64_t>([&](auto done) { after->release(held_by, done); }));
  }
  CHECK(after->get_job(id)->state == JobState::Cancelled);
  CHECK(after->get_document("d1")->status == DocumentStatus::Ready);
  CHECK(find(*after, "walrus", {}, 10)->size() == 1);
  CHECK(enqueue_outdated(*after, 10) == 0);
}

TEST_CASE("beyond what the scale calls the same, the more similar comes first") {
  const auto environment = make_environment();
  const auto store = environment->open(in_space("a/2"));
  store_ready(*store, "d1", {chunk(0, "walrus", {0.8F, 0.6F})});
  store_ready(*store, "d2", {chunk(0, "walrus", {0.96F, 0.28F})});
  SearchQuery query;
  query.vector = kVector;
  query.k = 10;
  query.same = 0.5;
  const auto hits = store->search(query);
  REQUIRE(hits);
  REQUIRE(hits->size() == 2);
  CHECK((*hits)[0].score == (*hits)[1].score);
  CHECK((*hits)[0].document_id == "d2");
}

TEST_CASE("a replaced document is not embedded twice") {
  const auto environment = make_environment();
  const auto before = environment->open(in_space("a/2"));
  store_ready(*before, "d1", {chunk(0, "walrus", kVector)});
  const auto after = environment->open(in_space("b/2"));
  environment->advance(1s);
  REQUIRE(enqueue_outdated(*after, 10) == 1);
  const auto replaced = replace(*after, "d1", "penguin");
  REQUIRE(replaced);
  const auto jobs = claim(*after, worker(*after), 10);
  REQUIRE(jobs.size() == 1);
  CHECK(jobs[0].id == replaced->job_id);
  CHECK(enqueue_outdated(*after, 10) == 0);
}

TEST_CASE("a document that was embedded while the clock was ahead is embedded again all the same") {
  const auto environment = make_environment();
  store_ready(*environment->open(in_space("a/2")), "d1", {chunk(0, "walrus", kVector)});
  environment->step_store_clock(-1h);
  const auto after = environment->open(in_space("b/2"));
  CHECK(enqueue_outdated(*after, 9, 10min) == 1);
  const auto jobs = claim(*after, worker(*after));
  REQUIRE(jobs.size() == 1);
  REQUIRE(embed(*after, key_of(jobs[0]), "d1", {chunk(0, "walrus", kVector)}));
  CHECK(outdated(*after) == 0);
}
