// SPDX-License-Identifier: Apache-2.0
// A document's next version, and writes that only want a certain version.

#include "tests/support/catch.hpp"
#include "tests/unit/store/environment.hpp"

#include <nlohmann/json.hpp>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

TEST_CASE("a replaced document is pending again, in its next version, with a new job") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "d1", {chunk(0, "old", {1})});
  const auto before = store->get_document("d1");
  environment->advance(1s);
  const auto replaced = replace(*store, "d1", "new content");
  REQUIRE(replaced);
  REQUIRE(replaced->version == 2);
  REQUIRE(replaced->job_id > before->job_id);
  const auto now = store->get_document("d1");
  REQUIRE(now->title == "new title of d1");
  REQUIRE(now->content == "new content");
  REQUIRE(now->content_bytes == 11);
  REQUIRE(now->metadata == "{}");
  REQUIRE(now->status == DocumentStatus::Pending);
  REQUIRE(now->version == 2);
  REQUIRE(now->job_id == replaced->job_id);
  REQUIRE(now->created_at == before->created_at);
  REQUIRE(now->updated_at == before->updated_at + 1000);
  const auto payload = nlohmann::json::parse(store->get_job(replaced->job_id)->payload);
  REQUIRE(payload["document_id"] == "d1");
  REQUIRE(payload["version"] == 2);
}

TEST_CASE("a search finds the old version, whole, until the new one's chunks are stored") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "d1", {chunk(0, "walrus", {1})});
  REQUIRE(replace(*store, "d1", "penguin"));
  auto hits = find(*store, "walrus", {1}, 10);
  REQUIRE(hits->size() == 1);
  REQUIRE((*hits)[0].text == "walrus");
  REQUIRE((*hits)[0].title == "title of d1");

  const auto jobs = claim(*store, worker(*store));
  REQUIRE(jobs.size() == 1);
  REQUIRE(embed(*store, key_of(jobs[0]), "d1", {chunk(0, "penguin", {1})}, 2));
  REQUIRE(find(*store, "walrus", {}, 10)->empty());
  hits = find(*store, "penguin", {1}, 10);
  REQUIRE(hits->size() == 1);
  REQUIRE((*hits)[0].title == "new title of d1");
  REQUIRE(store->get_document("d1")->status == DocumentStatus::Ready);
}

TEST_CASE("a version that cannot be embedded takes the old version's chunks with it") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "d1", {chunk(0, "walrus", {1})});
  REQUIRE(replace(*store, "d1", "penguin"));
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(fail(*store, key_of(jobs[0]), "refused", 1s, true) == JobState::Dead);
  const auto document = store->get_document("d1");
  REQUIRE(document->status == DocumentStatus::Failed);
  REQUIRE(document->error == "refused");
  REQUIRE(document->chunk_count == 0);
  REQUIRE(find(*store, "walrus", {1}, 10)->empty());
}

TEST_CASE("the waiting job of the version before is cancelled") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto first = create(*store, "d1");
  REQUIRE(replace(*store, "d1", "two"));
  REQUIRE(store->get_job(first->job_id)->state == JobState::Cancelled);
  REQUIRE(store->queue_stats("default")->ready == 1);
}

TEST_CASE("the running job of the version before is asked to stop, and its chunks are dropped") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto id = worker(*store);
  const auto old_job = claim(*store, id);
  REQUIRE(replace(*store, "d1", "two"));
  REQUIRE(heartbeat(*store, id)->to_stop.size() == 1);
  REQUIRE(embed(*store, key_of(old_job[0]), "d1", {chunk(0, "ghost", {1})}, 1));
  REQUIRE(store->get_document("d1")->status == DocumentStatus::Pending);
  REQUIRE(find(*store, "ghost", {1}, 10)->empty());
}

TEST_CASE("a document that does not exist cannot be replaced") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(replace(*store, "none", "x").error().kind == ErrorKind::NotFound);
  REQUIRE(replace(*store, "none", "x", Versions{{1}}).error().kind == ErrorKind::NotFound);
  REQUIRE(store->queue_stats("default")->ready == 0);
}

TEST_CASE("a write that expects another version is a conflict and changes nothing") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1", "one"));
  REQUIRE(replace(*store, "d1", "two", Versions{{1}}));
  for (const Condition& stale :
       {Condition(Versions{{1}}), Condition(Versions{{3, 4}}), Condition(Versions{std::in_place}),
        Condition({}, {2}), Condition(Versions{{2}}, {1, 2})}) {
    REQUIRE(replace(*store, "d1", "lost", stale).error().kind == ErrorKind::Conflict);
    REQUIRE(remove(*store, "d1", stale).error().kind == ErrorKind::Conflict);
  }
  REQUIRE(store->get_document("d1")->content == "two");
  REQUIRE(store->get_document("d1")->version == 2);
  REQUIRE(store->queue_stats("default")->ready == 1);
  REQUIRE(replace(*store, "d1", "three", Versions{{1, 2}}));
  REQUIRE(remove(*store, "d1", Versions{{3}}));
}

TEST_CASE("of two replacements that expect the same version, sent at once, one wins") {
  const auto environment = make_environment();
  const auto a = environment->open();
  const auto b = environment->open();
  REQUIRE(create(*a, "d1", "one"));
  std::promise<Result<Created>> first;
  std::promise<Result<Created>> second;
  NewDocument document;
  document.id = "d1";
  document.content = "mine";
  a->replace_document(document, Versions{{1}},
                      [&](auto result) { first.set_value(std::move(result)); });
  b->replace_document(document, Versions{{1}},
                      [&](auto result) { second.set_value(std::move(result)); });
  const bool won = first.get_future().get().has_value();
  REQUIRE(second.get_future().get().has_value() != won);
  REQUIRE(a->get_document("d1")->version == 2);
}

TEST_CASE("a read can leave out a content that is larger than asked for") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1", "12345"));
  REQUIRE(store->get_document_within("d1", 5)->content == "12345");
  const auto without = store->get_document_within("d1", 4);
  REQUIRE(without->content.empty());
  REQUIRE(without->content_bytes == 5);
  REQUIRE(store->get_document_within("none", 4).error().kind == ErrorKind::NotFound);
}
