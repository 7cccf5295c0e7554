// SPDX-License-Identifier: Apache-2.0
// Documents: stored with their job, read back, listed page by page, deleted.

#include "tests/support/catch.hpp"
#include "tests/unit/store/environment.hpp"

#include <nlohmann/json.hpp>

#include <set>

using namespace holdfast;
using namespace holdfast::store;
using namespace holdfast::store::test;

TEST_CASE("a created document is pending, reads back whole, and has a ready job") {
  const auto environment = make_environment();
  const auto store = environment->open();
  NewDocument document;
  document.id = "d1";
  document.title = "On \"quotes\"";
  document.content = std::string("a\0b \xc3\xa9", 6);
  document.metadata = R"({"tag":["x",1]})";
  document.request_id = "req-7";
  document.traceparent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
  const auto created = await<Created>([&](auto done) { store->create_document(document, done); });
  REQUIRE(created);
  REQUIRE(created->document_id == "d1");

  const auto read = store->get_document("d1");
  REQUIRE(read);
  REQUIRE(read->title == document.title);
  REQUIRE(read->content == document.content);
  REQUIRE(read->metadata == document.metadata);
  REQUIRE(read->content_bytes == 6);
  REQUIRE(read->status == DocumentStatus::Pending);
  REQUIRE(read->version == 1);
  REQUIRE(read->job_id == created->job_id);
  REQUIRE(read->created_at == environment->wall_ms());
  REQUIRE(read->updated_at == read->created_at);

  const auto job = store->get_job(created->job_id);
  REQUIRE(job);
  REQUIRE(job->state == JobState::Ready);
  REQUIRE(job->kind == "embed");
  REQUIRE(job->queue == "default");
  REQUIRE(job->max_attempts == 10);
  REQUIRE(job->max_crashes == 3);
  const auto payload = nlohmann::json::parse(job->payload);
  REQUIRE(payload["document_id"] == "d1");
  REQUIRE(payload["version"] == 1);
  REQUIRE(payload["request_id"] == "req-7");
  REQUIRE(payload["traceparent"] == document.traceparent);
}

TEST_CASE("a request id that is not UTF-8 does not stop a document from being stored") {
  const auto environment = make_environment();
  const auto store = environment->open();
  NewDocument document;
  document.id = "d1";
  document.request_id = "\xff\xfe";
  const auto created = await<Created>([&](auto done) { store->create_document(document, done); });
  REQUIRE(created);
  REQUIRE(nlohmann::json::accept(store->get_job(created->job_id)->payload));
}

TEST_CASE("a second document with the same id is a conflict and leaves no job behind") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1", "first"));
  const auto again = create(*store, "d1", "second");
  REQUIRE_FALSE(again);
  REQUIRE(again.error().kind == ErrorKind::Conflict);
  REQUIRE(store->get_document("d1")->content == "first");
  REQUIRE(store->queue_stats("default")->ready == 1);
}

TEST_CASE("a document that does not exist is not found") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(store->get_document("none").error().kind == ErrorKind::NotFound);
  REQUIRE(remove(*store, "none").error().kind == ErrorKind::NotFound);
  REQUIRE(store->get_job(99).error().kind == ErrorKind::NotFound);
}

TEST_CASE("pages run from the newest to the oldest, each document once, without content") {
  const auto environment = make_environment();
  const auto store = environment->open();
  for (int i = 0; i < 25; ++i)
    REQUIRE(create(*store, "d" + std::to_string(i)));
  std::vector<std::string> seen;
  DocumentQuery query;
  query.limit = 10;
  int pages = 0;
  do {
    const auto page = store->list_documents(query);
    REQUIRE(page);
    for (const Document& document : page->documents) {
      REQUIRE(document.content.empty());
      seen.push_back(document.id);
    }
    query.cursor = page->next_cursor;
    ++pages;
  } while (!query.cursor.empty());
  REQUIRE(pages == 3);
  REQUIRE(seen.size() == 25);
  for (int i = 0; i < 25; ++i)
    REQUIRE(seen[static_cast<std::size_t>(i)] == "d" + std::to_string(24 - i));
}

TEST_CASE("a page does not shift when documents are added or deleted between two requests") {
  const auto environment = make_environment();
  const auto store = environment->open();
  for (int i = 0; i < 6; ++i)
    REQUIRE(create(*store, "d" + std::to_string(i)));
  DocumentQuery query;
  query.limit = 3;
  const auto first = store->list_documents(query);
  REQUIRE(first->documents.back().id == "d3");
  REQUIRE(create(*store, "new"));
  REQUIRE(remove(*store, "d3"));  // the very row that the cursor points at
  query.cursor = first->next_cursor;
  const auto second = store->list_documents(query);
  REQUIRE(second->documents.size() == 3);
  REQUIRE(second->documents[0].id == "d2");
  REQUIRE(second->next_cursor.empty());
}

TEST_CASE("a last page that is exactly full has no next one") {
  const auto environment = make_environment();
  const auto store = environment->open();
  for (int i = 0; i < 4; ++i)
    REQUIRE(create(*store, "d" + std::to_string(i)));
  DocumentQuery query;
  query.limit = 4;
  const auto page = store->list_documents(query);
  REQUIRE(page->documents.size() == 4);
  REQUIRE(page->next_cursor.empty());
}

TEST_CASE("a listing by status holds only documents of that status") {
  const auto environment = make_environment();
  const auto store = environment->open();
  store_ready(*store, "ready", {chunk(0, "text", {1})});
  REQUIRE(create(*store, "pending"));
  DocumentQuery query;
  query.status = DocumentStatus::Ready;
  auto page = store->list_documents(query);
  REQUIRE(page->documents.size() == 1);
  REQUIRE(page->documents[0].id == "ready");
  query.status = DocumentStatus::Failed;
  REQUIRE(store->list_documents(query)->documents.empty());
}

TEST_CASE("a cursor that no listing returned is an invalid argument") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  for (const char* cursor : {"x", "d1-", "d1-zz", "d1--1", "d1-0", "d1-00a", "d1-A", "d1-1 ",
                             "d1-ffffffffffffffffff", "' OR 1=1 --"}) {
    INFO(cursor);
    DocumentQuery query;
    query.cursor = cursor;
    const auto page = store->list_documents(query);
    REQUIRE_FALSE(page);
    REQUIRE(page.error().kind == ErrorKind::InvalidArgument);
  }
}

TEST_CASE("deleting a document cancels its waiting job") {
  const auto environment = make_environment();
  const auto store = environment->open();
  const auto created = create(*store, "d1");
  REQUIRE(remove(*store, "d1"));
  REQUIRE(store->get_document("d1").error().kind == ErrorKind::NotFound);
  const auto job = store->get_job(created->job_id);
  REQUIRE(job->state == JobState::Cancelled);
  REQUIRE(job->finished_at == environment->wall_ms());
  REQUIRE(claim(*store, worker(*store)).empty());
}

TEST_CASE("deleting a document asks its running job to stop, and drops what that job completes") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto id = worker(*store);
  const auto jobs = claim(*store, id);
  REQUIRE(heartbeat(*store, id)->to_stop.empty());
  REQUIRE(remove(*store, "d1"));
  const auto reply = heartbeat(*store, id);
  REQUIRE(reply->alive);
  REQUIRE(reply->to_stop.size() == 1);
  REQUIRE(reply->to_stop[0].id == jobs[0].id);
  REQUIRE(reply->to_stop[0].fence == jobs[0].fence);
  REQUIRE(embed(*store, key_of(jobs[0]), "d1", {chunk(0, "ghost", {1})}));
  REQUIRE(store->get_job(jobs[0].id)->state == JobState::Done);
  REQUIRE(find(*store, "ghost", {1}, 10)->empty());
}

TEST_CASE("a job of a deleted document cannot write into a new one with the same id") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(create(*store, "d1"));
  const auto jobs = claim(*store, worker(*store));
  REQUIRE(remove(*store, "d1"));
  REQUIRE(create(*store, "d1"));
  REQUIRE(embed(*store, key_of(jobs[0]), "d1", {chunk(0, "ghost", {1})}));
  REQUIRE(store->get_document("d1")->status == DocumentStatus::Pending);
  REQUIRE(find(*store, "ghost", {1}, 10)->empty());
}

TEST_CASE("a store can be checked, and says what it is") {
  const auto environment = make_environment();
  const auto store = environment->open();
  REQUIRE(store->check());
  REQUIRE_FALSE(store->describe().empty());
}
