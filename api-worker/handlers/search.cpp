// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/search.hpp"

#include "api-worker/edge/blank.hpp"
#include "api-worker/edge/json_input.hpp"
#include "api-worker/edge/query_input.hpp"
#include "common/text/json_writer.hpp"
#include "common/text/utf8.hpp"

#include <array>

namespace holdfast::api {

namespace {

constexpr std::uint32_t kMaxHits = 50;
constexpr std::uint32_t kDefaultHits = 10;
constexpr std::size_t kMaxQueryCharacters = 2000;

struct Query {
  std::string text;
  std::uint32_t k = kDefaultHits;
};
using QueryOrProblem = tl::expected<Query, ProblemDetails>;

std::string check_text(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) return "must not contain U+0000";
  if (is_blank(text)) return "must not be empty";
  if (text::count_code_points(text) > kMaxQueryCharacters) {
    return fmt::format("must have at most {} characters", kMaxQueryCharacters);
  }
  return {};
}

QueryOrProblem checked(Query query, std::vector<FieldError> errors) {
  if (errors.empty()) return query;
  return tl::unexpected(ProblemDetails{422, "The search is invalid.", std::move(errors)});
}

QueryOrProblem from_target(const http::Request& request) {
  Query query;
  std::vector<FieldError> errors;
  if (const std::string* q = request.query_value("q")) query.text = *q;
  if (std::string wrong = check_text(query.text); !wrong.empty()) {
    errors.push_back({"", "q", std::move(wrong)});
  }
  query.k = query_number(request, "k", 1, kMaxHits, kDefaultHits, errors);
  return checked(std::move(query), std::move(errors));
}

QueryOrProblem from_body(const http::Request& request) {
  auto body = parse_json_object(request, request.body);
  if (!body) return tl::unexpected(std::move(body).error());
  Query query;
  std::vector<FieldError> errors;
  for (const auto& [name, value] : body->items()) {
    if (name == "q" && value.is_string()) {
      query.text = value.get<std::string>();
    } else if (name == "q") {
      errors.push_back({"#/q", "", "must be a string"});
    } else if (name == "k") {
      const bool fits = value.is_number_unsigned() && value.get<std::uint64_t>() >= 1 &&
                        value.get<std::uint64_t>() <= kMaxHits;
      if (fits) query.k = value.get<std::uint32_t>();
      if (!fits) errors.push_back({"#/k", "", out_of_range(1, kMaxHits)});
    } else {
      errors.push_back({pointer_to(name), "", "is not a field of a search"});
    }
  }
  const auto q = body->find("q");
  if (q == body->end()) {
    errors.push_back({"#/q", "", "is required"});
  } else if (std::string wrong = check_text(query.text); q->is_string() && !wrong.empty()) {
    errors.push_back({"#/q", "", std::move(wrong)});
  }
  return checked(std::move(query), std::move(errors));
}

std::string hits_json(const std::vector<store::SearchHit>& hits) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object().key("hits").begin_array();
  for (const store::SearchHit& hit : hits) {
    json.begin_object();
    json.field("document_id", hit.document_id);
    json.field("title", hit.title);
    json.field("score", hit.score);
    json.key("similarity");
    if (hit.similarity) {
      json.number(*hit.similarity);
    } else {
      json.null();
    }
    json.field("chunk", hit.chunk);
    json.field("text", hit.text);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

Result<http::Response> search(const Services& services, const Query& query) {
  const std::array<std::string_view, 1> texts{query.text};
  HOLDFAST_TRY_ASSIGN(const auto vectors, services.embedder.embed(texts));
  if (vectors.size() != 1) return fail(ErrorKind::Internal, "the query got no vector");
  HOLDFAST_TRY_ASSIGN(const auto hits, services.store.search(query.text, vectors[0], query.k));
  return http::Response::json(200, hits_json(hits));
}

using ReadQuery = QueryOrProblem (*)(const http::Request& request);

// All of it off the event loop, parsing included: a body may have a megabyte.
void answer_search(const Services& services, const ContextPtr& context, const Reply& reply,
                   ReadQuery read_query) {
  answer(services, context, Work::Scan, reply,
         [&services, context, read_query]() -> Result<http::Response> {
           const QueryOrProblem query = read_query(*context->request);
           if (!query) return problem_response(*context, query.error());
           return search(services, *query);
         });
}

}  // namespace

void add_search_routes(Router& router, const Services& services) {
  router.add("GET", "/api/search", [&services](const ContextPtr& context, const Reply& reply) {
    answer_search(services, context, reply, from_target);
  });
  router.add(
      "POST", "/api/search",
      [&services](const ContextPtr& context, const Reply& reply) {
        answer_search(services, context, reply, from_body);
      },
      check_json_type);
}

}  // namespace holdfast::api
