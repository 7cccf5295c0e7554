// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/documents.hpp"

#include "api-worker/handlers/document_input.hpp"
#include "api-worker/handlers/document_json.hpp"
#include "api-worker/handlers/query.hpp"
#include "common/base/id.hpp"

namespace holdfast::api {

namespace {

std::optional<store::DocumentStatus> parse_status(std::string_view text) {
  using store::DocumentStatus;
  for (const auto status :
       {DocumentStatus::Pending, DocumentStatus::Ready, DocumentStatus::Failed}) {
    if (text == store::to_string(status)) return status;
  }
  return {};
}

void create(const Services& services, const ContextPtr& context, Reply reply) {
  auto document = parse_document(*context->request);
  if (!document) return reply(problem_response(*context, document.error()));
  document->id = make_uuid();
  document->request_id = context->request_id;
  document->traceparent = (context->trace ? *context->trace : TraceContext::start()).child();
  services.store.create_document(
      std::move(*document), [&services, reply](Result<store::Created> created) {
        if (!created) return reply(Failure(std::move(created).error()));
        services.doorbell.ring();
        http::Response response = http::Response::json(202, created_json(*created));
        response.headers.set("Location", "/api/documents/" + created->document_id);
        reply(std::move(response));
      });
}

void list(const Services& services, const ContextPtr& context, const Reply& reply) {
  const http::Request& request = *context->request;
  std::vector<FieldProblem> errors;
  store::DocumentQuery query;
  query.limit = query_number(request, "limit", 1, 100, query.limit, errors);
  if (const std::string* cursor = request.query_value("cursor")) query.cursor = *cursor;
  if (const std::string* status = request.query_value("status")) {
    query.status = parse_status(*status);
    if (!query.status) errors.push_back({"", "status", "must be pending, ready or failed"});
  }
  if (!errors.empty()) {
    return reply(
        problem_response(*context, {422, "The query has invalid parameters.", std::move(errors)}));
  }
  answer(services, Work::Scan, reply, [&services, query]() -> Result<http::Response> {
    HOLDFAST_TRY_ASSIGN(const store::Page page, services.store.list_documents(query));
    return http::Response::json(200, page_json(page));
  });
}

void get(const Services& services, const ContextPtr& context, const Reply& reply) {
  answer(services, Work::Point, reply, [&services, context]() -> Result<http::Response> {
    HOLDFAST_TRY_ASSIGN(const store::Document document,
                        services.store.get_document(context->path_values[0]));
    return http::Response::json(200, document_json(document));
  });
}

void get_content(const Services& services, const ContextPtr& context, const Reply& reply) {
  answer(services, Work::Point, reply, [&services, context]() -> Result<http::Response> {
    HOLDFAST_TRY_ASSIGN(store::Document document,
                        services.store.get_document(context->path_values[0]));
    return http::Response::text(200, std::move(document.content));
  });
}

void remove(const Services& services, const ContextPtr& context, Reply reply) {
  services.store.delete_document(context->path_values[0], [reply](Result<void> removed) {
    if (!removed) return reply(Failure(std::move(removed).error()));
    http::Response response;
    response.status = 204;
    reply(std::move(response));
  });
}

}  // namespace

void add_document_routes(Router& router, const Services& services) {
  const auto bind = [&services](auto function) {
    return [&services, function](const ContextPtr& context, Reply reply) {
      function(services, context, std::move(reply));
    };
  };
  router.add("POST", "/api/documents", bind(create));
  router.add("GET", "/api/documents", bind(list));
  router.add("GET", "/api/documents/{id}", bind(get));
  router.add("GET", "/api/documents/{id}/content", bind(get_content));
  router.add("DELETE", "/api/documents/{id}", bind(remove));
}

}  // namespace holdfast::api
