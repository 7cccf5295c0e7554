// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/document_batch.hpp"

#include "api-worker/edge/idempotency_key.hpp"
#include "api-worker/edge/json_input.hpp"
#include "api-worker/handlers/document_input.hpp"
#include "api-worker/handlers/document_json.hpp"
#include "api-worker/handlers/writes.hpp"
#include "common/base/id.hpp"
#include "common/text/json_writer.hpp"

namespace holdfast::api {

namespace {

// A request's documents: those to be stored, and what is wrong with the others.
struct Batch {
  std::vector<store::NewDocument> documents;
  // One for each document of the request; no errors: it is the next of `documents`.
  std::vector<std::vector<FieldError>> errors;
};

tl::expected<Batch, ProblemDetails> parse_batch(const http::Request& head, std::string text) {
  Batch batch;
  const auto take = [&batch](nlohmann::json& part, std::vector<FieldError> errors) {
    const std::size_t index = batch.errors.size();
    if (index == kMaxBatch) return;  // too many, which is said below
    if (errors.empty()) {
      auto document = read_document(part, fmt::format("#/documents/{}", index));
      if (document) batch.documents.push_back(std::move(*document));
      if (!document) errors = std::move(document).error();
    }
    batch.errors.push_back(std::move(errors));
  };
  const JsonParts parts{"documents", take};
  auto body = parse_json_object(head, text, parts);
  std::string().swap(text);
  if (!body) return tl::unexpected(std::move(body).error());
  std::vector<FieldError> errors;
  for (const auto& [name, value] : body->items()) {
    if (name != "documents") errors.push_back({pointer_to(name), "", "is not a field of a batch"});
  }
  const auto documents = body->find("documents");
  if (documents == body->end()) {
    errors.push_back({"#/documents", "", "is required"});
  } else if (!documents->is_array() || documents->empty() || documents->size() > kMaxBatch) {
    errors.push_back(
        {"#/documents", "", fmt::format("must be an array of 1 to {} documents", kMaxBatch)});
  }
  if (!errors.empty()) {
    return tl::unexpected(ProblemDetails{422, "The batch is not valid.", std::move(errors)});
  }
  if (!batch.documents.empty()) return batch;
  for (const auto& of_one : batch.errors)
    errors.insert(errors.end(), of_one.begin(), of_one.end());
  return tl::unexpected(ProblemDetails{422, "None of the documents is valid.", std::move(errors)});
}

// Which of the documents are refused follows from the request, so it need not be remembered.
std::string fingerprint_of(const Batch& batch) {
  std::string all = "batch";
  auto next = batch.documents.begin();
  for (const auto& errors : batch.errors)
    all += '\n' + (errors.empty() ? fingerprint(*next++) : std::string());
  return fingerprint(all);
}

// Only the store knows it, of the document at `index` of the request.
FieldError taken_key(std::size_t index) {
  return {fmt::format("#/documents/{}/job/unique_key", index), "",
          "belongs to another job that is not finished"};
}

// None of the documents that are valid could be stored.
ProblemDetails all_taken(const std::vector<std::vector<FieldError>>& errors) {
  ProblemDetails problem{409, "None of the documents can be stored.", {}};
  for (std::size_t i = 0; i < errors.size(); ++i) {
    problem.errors.insert(problem.errors.end(), errors[i].begin(), errors[i].end());
    if (errors[i].empty()) problem.errors.push_back(taken_key(i));
  }
  return problem;
}

void write_refusal(text::JsonWriter& json, int status, const char* detail,
                   const std::vector<FieldError>& errors) {
  json.field("status", status);
  json.field("detail", detail);
  json.key("errors").begin_array();
  for (const FieldError& error : errors) {
    json.begin_object();
    json.field("pointer", error.pointer);
    json.field("detail", error.detail);
    json.end_object();
  }
  json.end_array();
}

http::Response outcome(const std::vector<std::vector<FieldError>>& errors,
                       const store::CreatedBatch& stored) {
  std::string body;
  text::JsonWriter json(body);
  json.begin_object().key("results").begin_array();
  auto next = stored.documents.begin();
  bool all = true;
  for (std::size_t i = 0; i < errors.size(); ++i) {
    json.begin_object();
    const bool valid = errors[i].empty();
    const bool taken = valid && next->document_id.empty();
    if (!valid) write_refusal(json, 422, "The document has invalid fields.", errors[i]);
    if (taken) write_refusal(json, 409, "Its unique key is taken.", {taken_key(i)});
    if (valid && !taken) {
      json.field("status", 202);
      json.key("document").raw(created_json(*next));
    }
    all = all && valid && !taken;
    if (valid) ++next;
    json.end_object();
  }
  json.end_array().end_object();
  http::Response response = http::Response::json(all ? 202 : 207, std::move(body));
  if (stored.repeated) mark_repeated(response);
  return response;
}

void store_batch(const Services& services, const ContextPtr& context, const Reply& reply,
                 const std::optional<std::string>& key, Batch batch) {
  const TraceContext trace = context->trace ? *context->trace : TraceContext::start();
  auto stored = stored_key(context, key, fingerprint_of(batch));
  for (store::NewDocument& document : batch.documents) {
    document.id = make_uuid();
    document.request_id = context->request_id;
    document.traceparent = trace.child();
  }
  services.store.create_documents(
      std::move(batch.documents), std::move(stored),
      [&services, context, errors = std::move(batch.errors),
       reply](Result<store::CreatedBatch> created) {
        if (!created && created.error().kind == ErrorKind::Conflict) {
          return reply(problem_response(*context, all_taken(errors)));
        }
        if (!created) return reply(Failure(std::move(created).error()));
        if (!created->repeated) services.doorbell.ring();
        reply(outcome(errors, *created));
      },
      wanted(context));
}

void create_batch(const Services& services, const ContextPtr& context, const Reply& reply) {
  auto key = read_idempotency_key(context->request->headers);
  if (!key) return reply(problem_response(*context, key.error()));
  run(services, work_for(context->body->size(), kInlineParsedBytes), reply,
      [&services, context, reply, key = std::move(*key)] {
        if (!context->is_wanted()) return;  // it waited for a thread for too long
        auto batch = parse_batch(*context->request, std::move(*context->body));
        if (!batch) return reply(problem_response(*context, batch.error()));
        store_batch(services, context, reply, key, std::move(*batch));
      });
}

}  // namespace

void add_document_batch_routes(Router& router, const Services& services) {
  router.add("POST", "/api/documents/batch", bind_services(services, create_batch),
             check_json_type);
}

}  // namespace holdfast::api
