// SPDX-License-Identifier: Apache-2.0
// Requests that are sent again: the first answer, and one document.

#include "tests/support/catch.hpp"
#include "tests/unit/store/environment.hpp"

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

namespace {

NewDocument keyed(const std::string& id, const std::string& key,
                  const std::string& fingerprint = "print", const std::string& scope = "") {
  NewDocument document;
  document.id = id;
  document.content = "text";
  document.idempotency_key = IdempotencyKey{scope, key, fingerprint, 24 * 3600 * 1000};
  return document;
}

Result<Created> send(Store& store, const NewDocument& document) {
  return await<Created>([&](auto done) { store.create_document(document, done); });
}

}  // namespace

TEST_CASE("a repeated request gets the first one's answer and stores nothing") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto first = send(*store, keyed("d1", "k"));
  REQUIRE(first);
  REQUIRE_FALSE(first->repeated);
  const auto again = send(*store, keyed("d2", "k"));
  REQUIRE(again);
  REQUIRE(again->repeated);
  REQUIRE(again->document_id == "d1");
  REQUIRE(again->job_id == first->job_id);
  REQUIRE(store->get_document("d2").error().kind == ErrorKind::NotFound);
  REQUIRE(store->queue_stats("default")->ready == 1);
}

TEST_CASE("a key that comes back with another request is refused as reused") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(send(*store, keyed("d1", "k", "one")));
  const auto other = send(*store, keyed("d2", "k", "two"));
  REQUIRE_FALSE(other);
  REQUIRE(other.error().kind == ErrorKind::KeyReused);
  REQUIRE(store->get_document("d2").error().kind == ErrorKind::NotFound);
  REQUIRE(store->queue_stats("default")->ready == 1);
}

TEST_CASE("the same key of another scope is another key") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(send(*store, keyed("d1", "k", "print", "alice")));
  const auto other = send(*store, keyed("d2", "k", "print", "bob"));
  REQUIRE(other);
  REQUIRE_FALSE(other->repeated);
  REQUIRE(other->document_id == "d2");
}

TEST_CASE("duplicates sent at once, through two processes' stores, make one document") {
  const auto environment = make_environment();
  const auto a = environment->open();
  const auto b = environment->open();
  constexpr int kRequests = 16;
  std::vector<std::promise<Result<Created>>> answers(kRequests);
  for (int i = 0; i < kRequests; ++i) {
    Store& store = i % 2 == 0 ? *a : *b;
    auto& answer = answers[static_cast<std::size_t>(i)];
    store.create_document(keyed("d" + std::to_string(i), "k"),
                          [&](Result<Created> created) { answer.set_value(std::move(created)); });
  }
  std::string winner;
  int firsts = 0;
  for (auto& answer : answers) {
    const auto created = answer.get_future().get();
    REQUIRE(created);
    if (winner.empty()) winner = created->document_id;
    REQUIRE(created->document_id == winner);
    firsts += created->repeated ? 0 : 1;
  }
  REQUIRE(firsts == 1);
  REQUIRE(a->list_documents({})->documents.size() == 1);
}

TEST_CASE("a request that failed leaves its key free") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "taken"));
  REQUIRE(send(*store, keyed("taken", "k")).error().kind == ErrorKind::Conflict);
  const auto second = send(*store, keyed("d1", "k"));
  REQUIRE(second);
  REQUIRE_FALSE(second->repeated);
}

TEST_CASE("the answer outlives its document: a late repetition does not bring it back") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(send(*store, keyed("d1", "k")));
  REQUIRE(remove(*store, "d1"));
  const auto again = send(*store, keyed("d2", "k"));
  REQUIRE(again->repeated);
  REQUIRE(again->document_id == "d1");
  REQUIRE(store->list_documents({})->documents.empty());
}

TEST_CASE("a key is kept for its time and not longer, whether it was forgotten or not") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(send(*store, keyed("d1", "k", "one")));
  environment->advance(24h - 1s);
  REQUIRE(prune(*store, 1h));
  REQUIRE(send(*store, keyed("d2", "k", "one"))->repeated);
  environment->advance(1s);
  const auto later = send(*store, keyed("d3", "k", "another"));
  REQUIRE(later);
  REQUIRE_FALSE(later->repeated);
  // And from now on the key means the new request.
  REQUIRE(send(*store, keyed("d4", "k", "another"))->document_id == "d3");
  REQUIRE_FALSE(send(*store, keyed("d5", "k", "one")));
}

namespace {

IdempotencyKey named(const std::string& key, const std::string& fingerprint = "print") {
  return {"", key, fingerprint, 24 * 3600 * 1000};
}

Result<Created> put(Store& store, const NewDocument& document, Condition expected = {}) {
  return await<Created>(
      [&](auto done) { store.replace_document(document, std::move(expected), done); });
}

Result<CreatedBatch> send_all(Store& store, const std::vector<std::string>& ids,
                              std::optional<IdempotencyKey> key) {
  std::vector<NewDocument> documents;
  for (const std::string& id : ids) {
    NewDocument document;
    document.id = id;
    document.content = "text of " + id;
    documents.push_back(std::move(document));
  }
  return await<CreatedBatch>(
      [&](auto done) { store.create_documents(std::move(documents), std::move(key), done); });
}

}  // namespace

TEST_CASE("a repeated replacement gets its first version, whatever has happened since") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto first = put(*store, keyed("d1", "k"), Versions{{1}});
  REQUIRE(first);
  REQUIRE(first->version == 2);
  REQUIRE_FALSE(first->repeated);
  REQUIRE(replace(*store, "d1", "newer")->version == 3);
  for (int i = 0; i < 2; ++i) {
    const auto again = put(*store, keyed("d1", "k"), Versions{{1}});
    REQUIRE(again);
    REQUIRE(again->repeated);
    REQUIRE(again->version == 2);
    REQUIRE(again->job_id == first->job_id);
    if (i == 0) REQUIRE(remove(*store, "d1"));
  }
  REQUIRE(put(*store, keyed("d1", "k", "other")).error().kind == ErrorKind::KeyReused);
}

TEST_CASE("a replacement that fails leaves its key unused") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(put(*store, keyed("d1", "k")).error().kind == ErrorKind::NotFound);
  REQUIRE(create(*store, "d1"));
  REQUIRE(put(*store, keyed("d1", "k"), Versions{{7}}).error().kind == ErrorKind::Conflict);
  const auto done = put(*store, keyed("d1", "k"), Versions{{1}});
  REQUIRE(done);
  REQUIRE_FALSE(done->repeated);
}

TEST_CASE("a batch is stored whole, and repeated whole") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto first = send_all(*store, {"d1", "d2", "d3"}, named("k"));
  REQUIRE(first);
  REQUIRE_FALSE(first->repeated);
  REQUIRE(first->documents.size() == 3);
  REQUIRE(store->queue_stats("default")->ready == 3);
  const auto again = send_all(*store, {"e1", "e2", "e3"}, named("k"));
  REQUIRE(again);
  REQUIRE(again->repeated);
  REQUIRE(again->documents.size() == 3);
  for (std::size_t i = 0; i < 3; ++i) {
    REQUIRE(again->documents[i].document_id == first->documents[i].document_id);
    REQUIRE(again->documents[i].job_id == first->documents[i].job_id);
  }
  REQUIRE(store->get_document("e1").error().kind == ErrorKind::NotFound);
  REQUIRE(send_all(*store, {"f1"}, named("k", "other")).error().kind == ErrorKind::KeyReused);
}

TEST_CASE("a batch of which one document cannot be stored stores none") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "taken"));
  REQUIRE_FALSE(send_all(*store, {"d1", "taken", "d2"}, named("k")));
  REQUIRE(store->get_document("d1").error().kind == ErrorKind::NotFound);
  REQUIRE(store->queue_stats("default")->ready == 1);
  REQUIRE(send_all(*store, {"d1", "d2"}, named("k"))->documents.size() == 2);
}

TEST_CASE("of a batch, documents whose unique key is taken are left out, and none is Conflict") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto send_keyed = [&](const std::vector<std::string>& ids, const std::string& key) {
    std::vector<NewDocument> documents;
    for (const std::string& id : ids) {
      NewDocument document;
      document.id = id;
      document.content = "text of " + id;
      // "d2:k" has the unique key k.
      const std::size_t colon = id.find(':');
      if (colon != std::string::npos) document.unique_key = id.substr(colon + 1);
      documents.push_back(std::move(document));
    }
    return await<CreatedBatch>(
        [&](auto done) { store->create_documents(std::move(documents), named(key), done); });
  };
  const auto ids = [](const Result<CreatedBatch>& batch) {
    std::vector<std::string> all;
    for (const Created& created : batch->documents)
      all.push_back(created.document_id);
    return all;
  };
  const std::vector<std::string> stored{"d1", "d2:k", "", "d4:l"};
  for (const bool again : {false, true}) {
    const auto batch = send_keyed({"d1", "d2:k", "d3:k", "d4:l"}, "first");
    REQUIRE(batch);
    REQUIRE(batch->repeated == again);
    REQUIRE(ids(batch) == stored);
  }
  REQUIRE(store->queue_stats("default")->ready == 3);
  REQUIRE(store->get_document("d3:k").error().kind == ErrorKind::NotFound);
  REQUIRE(send_keyed({"e1:k", "e2:l"}, "second").error().kind == ErrorKind::Conflict);
  REQUIRE(ids(send_keyed({"e1:k", "e2"}, "second")) == std::vector<std::string>{"", "e2"});
}

TEST_CASE("a repeated retry finds the job as it is") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const std::int64_t id = worker(*store);
  const auto kill_job = [&] {
    const auto jobs = claim(*store, id);
    REQUIRE(jobs.size() == 1);
    REQUIRE(fail(*store, {jobs[0].id, jobs[0].fence}, "broken", 1s, true));
    return jobs[0].id;
  };
  const std::int64_t job = kill_job();
  const auto retry_with = [&](const std::string& key) {
    return await<RetriedJob>([&](auto done) { store->retry_job(job, done, {}, named(key)); });
  };
  const auto first = retry_with("k");
  REQUIRE(first);
  REQUIRE_FALSE(first->repeated);
  REQUIRE(first->state == JobState::Ready);
  REQUIRE(kill_job() == job);
  const auto again = retry_with("k");
  REQUIRE(again);
  REQUIRE(again->repeated);
  REQUIRE(again->state == JobState::Dead);
  REQUIRE(retry_with("k2")->state == JobState::Ready);
  REQUIRE(retry_with("k3").error().kind == ErrorKind::Conflict);
}
