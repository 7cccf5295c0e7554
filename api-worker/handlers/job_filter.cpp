// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/job_filter.hpp"

#include "api-worker/edge/json_input.hpp"
#include "api-worker/edge/query_input.hpp"
#include "common/base/duration.hpp"
#include "common/text/number.hpp"

#include <algorithm>
#include <array>

namespace holdfast::api {

namespace {

using Json = nlohmann::json;
using store::JobState;

constexpr std::uint32_t kLargestPage = 1000;
constexpr std::uint32_t kDefaultPage = 100;
constexpr std::size_t kMostIds = 1000;
constexpr std::size_t kLongestName = 100;
constexpr std::array kStates{JobState::Ready, JobState::Waiting,   JobState::Running,
                             JobState::Done,  JobState::Cancelled, JobState::Dead};
constexpr const char* kStateRule =
    "must name states: ready, waiting, running, done, cancelled, dead";
constexpr const char* kAgeRule = "must be a duration of at least 1ms, such as 7d or 12h";
// PostgreSQL's text cannot hold a NUL, and both engines must answer the same.
constexpr const char* kNameRule = "must be a string of 1 to 100 bytes without U+0000";

std::optional<JobState> state_of(std::string_view name) {
  for (const JobState state : kStates) {
    if (name == to_string(state)) return state;
  }
  return std::nullopt;
}

bool read_age(const std::string& text, std::int64_t& older_than_ms) {
  const auto age = parse_duration(text);
  if (!age) return false;
  older_than_ms = std::chrono::duration_cast<std::chrono::milliseconds>(*age).count();
  return older_than_ms > 0;
}

bool read_state_list(std::string_view names, std::vector<JobState>& states) {
  for (;;) {
    const std::size_t comma = names.find(',');
    const auto state = state_of(names.substr(0, comma));
    if (!state) return false;
    states.push_back(*state);
    if (comma == std::string_view::npos) return true;
    names.remove_prefix(comma + 1);
  }
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kLongestName && name.find('\0') == std::string_view::npos;
}

bool read_name(const Json& value, std::string& name) {
  if (!value.is_string()) return false;
  name = value.get<std::string>();
  return is_name(name);
}

// Of a query: `name` stays as it is if the request does not have the parameter.
void query_name(const http::Request& request, const char* parameter, std::string& name,
                std::vector<FieldError>& errors) {
  const std::string* const value = query_text(request, parameter, errors);
  if (value == nullptr) return;
  if (!is_name(*value)) return errors.push_back({"", parameter, kNameRule});
  name = *value;
}

bool read_states(const Json& value, std::vector<JobState>& states) {
  if (!value.is_array() || value.empty()) return false;
  for (const Json& one : value) {
    const auto state = one.is_string() ? state_of(one.get<std::string>()) : std::nullopt;
    if (!state) return false;
    states.push_back(*state);
  }
  return true;
}

bool read_ids(const Json& value, std::vector<std::int64_t>& ids) {
  if (!value.is_array() || value.empty() || value.size() > kMostIds) return false;
  for (const Json& one : value) {
    const auto id = whole_number(one);
    if (!id || *id < 1) return false;
    ids.push_back(*id);
  }
  // One that is named twice is one job.
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return true;
}

bool read_action(const Json& value, store::JobAction& action) {
  using store::JobAction;
  for (const JobAction one : {JobAction::Retry, JobAction::Cancel, JobAction::Discard}) {
    if (!value.is_string() || value.get<std::string>() != to_string(one)) continue;
    action = one;
    return true;
  }
  return false;
}

bool read_count(const Json& value, std::optional<std::int64_t>& count) {
  const auto number = whole_number(value);
  if (!number || *number < 0) return false;
  count = *number;
  return true;
}

// What is wrong with a member; nullptr: nothing.
const char* read_member(const std::string& name, const Json& value, BulkChange& bulk) {
  store::JobFilter& filter = bulk.change.filter;
  if (name == "action") {
    return read_action(value, bulk.change.action) ? nullptr : "must be retry, cancel or discard";
  }
  if (name == "ids") return read_ids(value, filter.ids) ? nullptr : "must be 1 to 1000 job ids";
  if (name == "status") return read_states(value, filter.states) ? nullptr : kStateRule;
  if (name == "kind") return read_name(value, filter.kind) ? nullptr : kNameRule;
  if (name == "queue") return read_name(value, filter.queue) ? nullptr : kNameRule;
  if (name == "older_than") {
    const bool read = value.is_string() && read_age(value.get<std::string>(), filter.older_than_ms);
    return read ? nullptr : kAgeRule;
  }
  if (name == "count") return read_count(value, bulk.count) ? nullptr : "must be a number of jobs";
  return "is not a field of a change of jobs";
}

template <class T>
tl::expected<T, ProblemDetails> with_errors(T value, std::vector<FieldError> errors,
                                            const char* what) {
  if (errors.empty()) return value;
  return tl::unexpected(ProblemDetails{422, what, std::move(errors)});
}

}  // namespace

tl::expected<store::JobQuery, ProblemDetails> read_job_query(const http::Request& request) {
  store::JobQuery query;
  std::vector<FieldError> errors;
  if (const std::string* states = query_text(request, "status", errors)) {
    if (!read_state_list(*states, query.filter.states))
      errors.push_back({"", "status", kStateRule});
  }
  query_name(request, "kind", query.filter.kind, errors);
  query_name(request, "queue", query.filter.queue, errors);
  if (const std::string* age = query_text(request, "older_than", errors)) {
    if (!read_age(*age, query.filter.older_than_ms)) errors.push_back({"", "older_than", kAgeRule});
  }
  if (const std::string* cursor = query_text(request, "cursor", errors)) {
    const auto before = text::parse_digits<std::int64_t>(*cursor);
    if (!before || *before == 0) errors.push_back({"", "cursor", "must be a next_cursor"});
    query.before = before.value_or(0);
  }
  query.limit = query_number(request, "limit", 1, kLargestPage, kDefaultPage, errors);
  return with_errors(std::move(query), std::move(errors), "The query is invalid.");
}

tl::expected<std::string, ProblemDetails> read_queue_query(const http::Request& request) {
  std::string queue = "default";
  std::vector<FieldError> errors;
  query_name(request, "queue", queue, errors);
  return with_errors(std::move(queue), std::move(errors), "The query is invalid.");
}

tl::expected<BulkChange, ProblemDetails> read_bulk_change(const http::Request& request,
                                                          std::string_view body) {
  auto parsed = parse_json_object(request, body);
  if (!parsed) return tl::unexpected(std::move(parsed).error());
  BulkChange bulk;
  std::vector<FieldError> errors;
  for (const auto& [name, value] : parsed->items()) {
    if (const char* const wrong = read_member(name, value, bulk)) {
      errors.push_back({pointer_to(name), "", wrong});
    }
  }
  if (!parsed->contains("action")) errors.push_back({"#/action", "", "is required"});
  return with_errors(std::move(bulk), std::move(errors), "The change of jobs is invalid.");
}

tl::expected<QueueName, ProblemDetails> read_queue_name(const http::Request& request,
                                                        std::string_view body) {
  auto parsed = parse_json_object(request, body);
  if (!parsed) return tl::unexpected(std::move(parsed).error());
  QueueName named;
  std::vector<FieldError> errors;
  for (const auto& [name, value] : parsed->items()) {
    std::string* const member = name == "queue"  ? &named.queue
                                : name == "kind" ? &named.kind
                                                 : nullptr;
    if (member == nullptr) {
      errors.push_back({pointer_to(name), "", "is neither queue nor kind"});
    } else if (!read_name(value, *member)) {
      errors.push_back({pointer_to(name), "", kNameRule});
    }
  }
  return with_errors(std::move(named), std::move(errors), "The request is invalid.");
}

}  // namespace holdfast::api
