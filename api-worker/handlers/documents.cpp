// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/documents.hpp"

#include "api-worker/edge/entity_tag.hpp"
#include "api-worker/edge/query_input.hpp"
#include "api-worker/handlers/document_input.hpp"
#include "api-worker/handlers/document_json.hpp"

namespace holdfast::api {

namespace {

void list(const Services& services, const ContextPtr& context, const Reply& reply) {
  const http::Request& request = *context->request;
  std::vector<FieldError> errors;
  store::DocumentQuery query;
  query.limit = query_number(request, "limit", 1, 100, query.limit, errors);
  if (const std::string* cursor = query_text(request, "cursor", errors)) query.cursor = *cursor;
  if (const std::string* status = query_text(request, "status", errors)) {
    query.status = store::document_status(*status);
    if (!query.status) errors.push_back({"", "status", "must be pending, ready or failed"});
  }
  if (!errors.empty()) {
    return reply(
        problem_response(*context, {422, "The query has invalid parameters.", std::move(errors)}));
  }
  answer(services, context, Work::Scan, reply, [&services, query]() -> Result<http::Response> {
    HOLDFAST_TRY_ASSIGN(const store::Page page, services.store.list_documents(query));
    return http::Response::json(200, page_json(page));
  });
}

// Who may read it depends on the key: only the client's own cache may store it, and must revalidate
// it.
constexpr const char* kPrivateCache = "private, no-cache";

using TagOf = std::string (*)(const store::Document& document);
using BodyOf = http::Response (*)(store::Document document);

http::Response whole(store::Document document) {
  return http::Response::json(200, document_json(document));
}

http::Response content_alone(store::Document document) {
  return http::Response::text(200, std::move(document.content));
}

http::Response tagged(http::Response response, const std::string& tag) {
  response.headers.set("ETag", tag);
  response.headers.set("Cache-Control", kPrivateCache);
  return response;
}

// Answers from what a bounded read found, with the content if that is small. A large document is
// read again with its content, written as JSON and compressed on the pool.
template <TagOf tag_of, BodyOf body_of>
void answer_with(const Services& services, const ContextPtr& context, store::Document document,
                 const Reply& reply) {
  const auto among = if_match(context->request->headers);
  if (!among) return reply(problem_response(*context, among.error()));
  if (!store::Condition(*among).admits(document.version)) {
    return reply(problem_response(*context, precondition_failed()));
  }
  if (const auto known = none_match(context->request->headers, tag_of(document))) {
    return reply(not_modified(*known, kPrivateCache));
  }
  const Work work = work_for(document.content_bytes);
  answer(services, context, work, reply,
         [&services, context, work,
          document = std::move(document)]() mutable -> Result<http::Response> {
           if (work == Work::Scan) {
             HOLDFAST_TRY_ASSIGN(document,
                                 services.store.get_document(document_id(context->path_values[0])));
           }
           const std::string tag = tag_of(document);
           return tagged(body_of(std::move(document)), tag);
         });
}

template <TagOf tag_of, BodyOf body_of>
void get(const Services& services, const ContextPtr& context, const Reply& reply) {
  run(services, Work::PointRead, reply, [&services, context, reply] {
    auto document =
        services.store.get_document_within(document_id(context->path_values[0]), kInlineBytes);
    if (!document) return reply(Failure(std::move(document).error()));
    answer_with<tag_of, body_of>(services, context, std::move(*document), reply);
  });
}

}  // namespace

void add_document_routes(Router& router, const Services& services) {
  router.add("GET", "/api/documents", bind_services(services, list));
  router.add("GET", "/api/documents/{id}", bind_services(services, get<document_tag, whole>));
  router.add("GET", "/api/documents/{id}/content",
             bind_services(services, get<content_tag, content_alone>));
  for (const char* const pattern : {"/api/documents/{id}", "/api/documents/{id}/content"})
    router.check_path(pattern, check_document_path);
}

}  // namespace holdfast::api
