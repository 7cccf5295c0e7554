// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/search.hpp"

#include "api-worker/edge/blank.hpp"
#include "api-worker/edge/json_input.hpp"
#include "api-worker/edge/query_input.hpp"
#include "common/store/labels.hpp"
#include "common/text/json_writer.hpp"
#include "common/text/number.hpp"
#include "common/text/utf8.hpp"

#include <array>

namespace holdfast::api {

namespace {

constexpr std::uint32_t kMaxHits = 50;
constexpr std::uint32_t kDefaultHits = 10;
constexpr std::size_t kMaxQueryCharacters = 2000;

constexpr std::size_t kMostLabels = 16;

constexpr std::string_view kWrongScore = "must be a number from 0 to 1";
constexpr std::string_view kWrongStatus = "must be pending, ready or failed";

using Query = store::SearchQuery;
using QueryOrProblem = tl::expected<Query, ProblemDetails>;

bool is_score(double value) {
  return value >= 0 && value <= 1;  // false for what is not a number
}

// What is wrong with it, or nothing.
std::string check_label(const store::WantedLabel& label) {
  if (label.name.empty()) return "must name a field of the metadata";
  if (label.name.size() > store::kLongestLabel || label.value.size() > store::kLongestLabel)
    return fmt::format("must have at most {} bytes", store::kLongestLabel);
  if (label.name.find('\0') != std::string::npos || label.value.find('\0') != std::string::npos)
    return "must not contain U+0000";
  return {};
}

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
  constexpr std::string_view kMetadata = "metadata.";
  Query query;
  std::vector<FieldError> errors;
  if (const std::string* q = query_text(request, "q", errors)) query.text = *q;
  if (std::string wrong = check_text(query.text); !wrong.empty()) {
    errors.push_back({"", "q", std::move(wrong)});
  }
  query.k = query_number(request, "k", 1, kMaxHits, kDefaultHits, errors);
  if (const std::string* least = query_text(request, "min_score", errors)) {
    const auto value = text::parse_number<double>(*least);
    if (value && is_score(*value)) query.min_score = *value;
    if (!value || !is_score(*value)) errors.push_back({"", "min_score", std::string(kWrongScore)});
  }
  if (const std::string* status = query_text(request, "status", errors)) {
    query.status = store::document_status(*status);
    if (!query.status) errors.push_back({"", "status", std::string(kWrongStatus)});
  }
  for (const auto& [name, value] : request.query) {
    if (!name.starts_with(kMetadata)) continue;
    // Nothing says whether a number or text of the same form is meant.
    query.labels.push_back({name.substr(kMetadata.size()), value, store::number_label(value)});
    if (std::string wrong = check_label(query.labels.back()); !wrong.empty())
      errors.push_back({"", name, std::move(wrong)});
  }
  if (query.labels.size() > kMostLabels)
    errors.push_back({"", "metadata.*", fmt::format("must be at most {} fields", kMostLabels)});
  return checked(std::move(query), std::move(errors));
}

void read_labels(const nlohmann::json& metadata, Query& query, std::vector<FieldError>& errors) {
  if (!metadata.is_object()) {
    errors.push_back(
        {"#/metadata", "", "must be an object of the fields that a document must have"});
    return;
  }
  for (const auto& [name, value] : metadata.items()) {
    if (value.is_structured()) {
      errors.push_back({"#/metadata" + pointer_to(name).substr(1), "",
                        "must be a string, a number, true, false or null; for a field of an "
                        "object, give its path: \"author.name\""});
      continue;
    }
    query.labels.push_back({name, store::label_value(value)});
    if (std::string wrong = check_label(query.labels.back()); !wrong.empty())
      errors.push_back({"#/metadata" + pointer_to(name).substr(1), "", std::move(wrong)});
  }
  if (query.labels.size() > kMostLabels)
    errors.push_back({"#/metadata", "", fmt::format("must have at most {} fields", kMostLabels)});
}

// Adds to `errors` what is wrong with one field of the body.
void read_field(const std::string& name, const nlohmann::json& value, Query& query,
                std::vector<FieldError>& errors) {
  if (name == "q") {
    if (value.is_string()) query.text = value.get<std::string>();
    if (!value.is_string()) errors.push_back({"#/q", "", "must be a string"});
  } else if (name == "k") {
    const auto number = whole_number(value);
    const bool fits = number && *number >= 1 && *number <= kMaxHits;
    if (fits) query.k = static_cast<std::uint32_t>(*number);
    if (!fits) errors.push_back({"#/k", "", out_of_range(1, kMaxHits)});
  } else if (name == "min_score") {
    const bool fits = value.is_number() && is_score(value.get<double>());
    if (fits) query.min_score = value.get<double>();
    if (!fits) errors.push_back({"#/min_score", "", std::string(kWrongScore)});
  } else if (name == "status") {
    if (value.is_string()) query.status = store::document_status(value.get<std::string>());
    if (!query.status) errors.push_back({"#/status", "", std::string(kWrongStatus)});
  } else if (name == "metadata") {
    read_labels(value, query, errors);
  } else {
    errors.push_back({pointer_to(name), "", "is not a field of a search"});
  }
}

QueryOrProblem from_body(const http::Request& request) {
  auto body = parse_json_object(request, request.body);
  if (!body) return tl::unexpected(std::move(body).error());
  Query query;
  query.k = kDefaultHits;
  std::vector<FieldError> errors;
  for (const auto& [name, value] : body->items())
    read_field(name, value, query, errors);
  const auto q = body->find("q");
  if (q == body->end()) {
    errors.push_back({"#/q", "", "is required"});
  } else if (std::string wrong = check_text(query.text); q->is_string() && !wrong.empty()) {
    errors.push_back({"#/q", "", std::move(wrong)});
  }
  return checked(std::move(query), std::move(errors));
}

// `by_words_because`: why the query has no vector; empty: it has one.
std::string hits_json(const std::vector<store::SearchHit>& hits,
                      const std::string& by_words_because) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.field("ranking", by_words_because.empty() ? "hybrid" : "text");
  if (!by_words_because.empty()) json.field("reason", by_words_because);
  json.key("hits").begin_array();
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
    json.field("snippet", hit.snippet);
    json.end_object();
  }
  json.end_array().end_object();
  return out;
}

// A provider on a network may be down or slow: then the words alone have to do. Why is for the
// worker's log; clients learn what it means for them. Returns that; "": the query has its vector.
std::string embed_query(const Services& services, const Context& context, Query& query) {
  const std::array<std::string_view, 1> texts{query.text};
  embedding::EmbedCall call{context.request_id, {}, {}};
  if (services.embedder.is_remote()) {
    call.deadline = MonoTime::clock::now() + services.query_timeout;
    call.go_on = [&context] { return context.is_wanted(); };
  }
  auto vectors = services.embedder.embed(texts, call);
  if (vectors && vectors->size() == 1) {
    query.vector = std::move(vectors->front());
    const embedding::Provider::Scale scale = services.embedder.scale();
    query.unrelated = scale.unrelated;
    query.same = scale.same;
    return {};
  }
  services.text_only_searches.Increment();
  const bool refused = !vectors && vectors.error().kind == ErrorKind::InvalidArgument;
  return refused ? "The embedding provider refuses the query: the hits are by words alone."
                 : "The embedding provider is not available: the hits are by words alone.";
}

Result<http::Response> search(const Services& services, const Query& query,
                              const std::string& by_words_because) {
  HOLDFAST_TRY_ASSIGN(const auto hits, services.store.search(query));
  return http::Response::json(200, hits_json(hits, by_words_because));
}

using ReadQuery = QueryOrProblem (*)(const http::Request& request);

// All of it off the event loop, parsing included: a body may have a megabyte.
void answer_search(const Services& services, const ContextPtr& context, const Reply& reply,
                   ReadQuery read_query) {
  if (!services.embedder.is_remote()) {
    return answer(services, context, Work::Scan, reply,
                  [&services, context, read_query]() -> Result<http::Response> {
                    QueryOrProblem query = read_query(*context->request);
                    if (!query) return problem_response(*context, query.error());
                    const std::string by_words = embed_query(services, *context, *query);
                    return search(services, *query, by_words);
                  });
  }
  const auto embed_then_search = [&services, context, reply, read_query] {
    if (!context->is_wanted()) return;
    QueryOrProblem query = read_query(*context->request);
    if (!query) return reply(problem_response(*context, query.error()));
    const std::string by_words = embed_query(services, *context, *query);
    answer(services, context, Work::Scan, reply, [&services, query = std::move(*query), by_words] {
      return search(services, query, by_words);
    });
  };
  run(services.embeddings, Work::Scan, reply, embed_then_search);
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
