// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/document_changes.hpp"

#include "api-worker/edge/entity_tag.hpp"
#include "api-worker/edge/idempotency_key.hpp"
#include "api-worker/handlers/document_input.hpp"
#include "api-worker/handlers/document_json.hpp"
#include "api-worker/handlers/writes.hpp"
#include "common/base/id.hpp"

namespace holdfast::api {

namespace {

// The next step of a change, once its document is read.
using Store = std::function<void(store::NewDocument document)>;

// Parses the document from the body, off the event loop if the body is large. Moves the body out of
// the request, so that ten megabytes are held only once.
void with_document(const Services& services, const ContextPtr& context, const Reply& reply,
                   Store store) {
  run(services, work_for(context->body->size(), kInlineParsedBytes), reply,
      [context, reply, store = std::move(store)] {
        if (!context->is_wanted()) return;  // it waited for a thread for too long
        auto document = parse_document(*context->request, std::move(*context->body));
        if (!document) return reply(problem_response(*context, document.error()));
        document->request_id = context->request_id;
        document->traceparent = (context->trace ? *context->trace : TraceContext::start()).child();
        store(std::move(*document));
      });
}

http::Response accepted(const store::Created& created) {
  http::Response response = http::Response::json(202, created_json(created));
  response.headers.set("Location", "/api/documents/" + created.document_id);
  if (created.repeated) mark_repeated(response);
  return response;
}

store::Callback<store::Created> reply_accepted(const Services& services, Reply reply) {
  return [&services, reply = std::move(reply)](Result<store::Created> created) {
    if (!created) return reply(Failure(std::move(created).error()));
    if (!created->repeated) services.doorbell.ring();
    reply(accepted(*created));
  };
}

// A Conflict of a write that expects a version means that the condition failed.
Reply with_precondition(const ContextPtr& context, Reply reply) {
  return [context, reply = std::move(reply)](Result<http::Response> result) {
    if (result || result.error().kind != ErrorKind::Conflict) return reply(std::move(result));
    reply(problem_response(*context, precondition_failed()));
  };
}

void create(const Services& services, const ContextPtr& context, const Reply& reply) {
  auto key = read_idempotency_key(context->request->headers);
  if (!key) return reply(problem_response(*context, key.error()));
  with_document(services, context, reply,
                [&services, context, reply, key = std::move(*key)](store::NewDocument document) {
                  document.id = make_uuid();
                  document.idempotency_key = stored_key(context, key, fingerprint(document));
                  services.store.create_document(std::move(document),
                                                 reply_accepted(services, reply), wanted(context));
                });
}

// Of two versions of one document only the newer one's job runs anyway.
http::Response no_unique_key(const Context& context) {
  return problem_response(context, {422,
                                    "The document has invalid fields.",
                                    {{"#/job/unique_key", "", "is for new documents only"}}});
}

void replace(const Services& services, const ContextPtr& context, const Reply& reply) {
  auto key = read_idempotency_key(context->request->headers);
  if (!key) return reply(problem_response(*context, key.error()));
  auto expected = write_condition(context->request->headers);
  if (!expected) return reply(problem_response(*context, expected.error()));
  with_document(services, context, reply,
                [&services, context, reply, key = std::move(*key),
                 expected = std::move(*expected)](store::NewDocument document) {
                  if (!document.unique_key.empty()) return reply(no_unique_key(*context));
                  document.id = document_id(context->path_values[0]);
                  document.idempotency_key =
                      stored_key(context, key, fingerprint(document, "PUT " + document.id));
                  const Reply answer = with_precondition(context, reply);
                  services.store.replace_document(std::move(document), expected,
                                                  reply_accepted(services, answer),
                                                  wanted(context));
                });
}

void remove(const Services& services, const ContextPtr& context, const Reply& reply) {
  auto expected = write_condition(context->request->headers);
  if (!expected) return reply(problem_response(*context, expected.error()));
  services.store.delete_document(
      document_id(context->path_values[0]), std::move(*expected),
      [reply = with_precondition(context, reply)](Result<void> removed) {
        if (!removed) return reply(Failure(std::move(removed).error()));
        http::Response response;
        response.status = 204;
        reply(std::move(response));
      },
      wanted(context));
}

}  // namespace

void add_document_change_routes(Router& router, const Services& services) {
  router.add("POST", "/api/documents", bind_services(services, create), check_document_type);
  router.add("PUT", "/api/documents/{id}", bind_services(services, replace), check_document_type);
  router.add("DELETE", "/api/documents/{id}", bind_services(services, remove));
}

}  // namespace holdfast::api
