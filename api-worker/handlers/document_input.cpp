// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/document_input.hpp"

#include "api-worker/edge/blank.hpp"
#include "api-worker/edge/json_input.hpp"
#include "api-worker/edge/query_input.hpp"
#include "common/base/duration.hpp"
#include "common/text/ascii.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>

namespace holdfast::api {

namespace {

using Errors = std::vector<FieldError>;

std::string_view first_line(std::string_view content) {
  content = trim_blank(content);
  const std::string_view line = content.substr(0, content.find_first_of("\r\n"));
  return text::utf8_prefix(trim_blank(line), kMaxTitleCharacters);
}

// PostgreSQL's text cannot hold a NUL, and both engines must accept the same documents.
bool has_nul(std::string_view text) {
  return text.find('\0') != std::string_view::npos;
}

std::string check_title(std::string_view title) {
  if (text::count_code_points(title) > kMaxTitleCharacters) {
    return fmt::format("must have at most {} characters", kMaxTitleCharacters);
  }
  return has_nul(title) ? "must not contain U+0000" : "";
}

std::string check_content(std::string_view content) {
  if (has_nul(content)) return "must not contain U+0000";
  return is_blank(content) ? "must not be empty" : "";
}

// Whether JSON text contains the escape of a NUL, as opposed to an escaped backslash and "u0000".
bool writes_nul(std::string_view json) {
  for (std::size_t i = 0; i < json.size(); ++i) {
    if (json[i] != '\\') continue;
    if (json.substr(i, 6) == "\\u0000") return true;
    ++i;
  }
  return false;
}

void read_text(nlohmann::json& body, const std::string& at, const char* name,
               std::string (*check)(std::string_view), std::string& value, Errors& errors) {
  const auto field = body.find(name);
  if (field == body.end()) return;
  const std::string pointer = at + "/" + name;
  if (!field->is_string()) {
    errors.push_back({pointer, "", "must be a string"});
    return;
  }
  value = std::move(field->get_ref<std::string&>());
  if (std::string wrong = check(value); !wrong.empty()) {
    errors.push_back({pointer, "", std::move(wrong)});
  }
}

void read_metadata(const nlohmann::json& body, const std::string& at, std::string& metadata,
                   Errors& errors) {
  const auto field = body.find("metadata");
  if (field == body.end()) return;
  const std::string pointer = at + "/metadata";
  if (!field->is_object()) {
    errors.push_back({pointer, "", "must be an object"});
    return;
  }
  metadata = field->dump();
  if (metadata.size() > kMaxMetadataBytes) {
    errors.push_back(
        {pointer, "", fmt::format("must have at most {} bytes as JSON", kMaxMetadataBytes)});
  }
  if (writes_nul(metadata)) errors.push_back({pointer, "", "must not contain U+0000"});
}

void read_priority(const nlohmann::json& value, const std::string& at, std::int32_t& priority,
                   Errors& errors) {
  constexpr std::int64_t kLowest = 1000;
  const auto number = whole_number(value);
  const bool fits = number && *number >= 0 && *number <= kLowest;
  if (fits) priority = static_cast<std::int32_t>(*number);
  if (!fits)
    errors.push_back({at, "", fmt::format("must be a whole number from 0 to {}", kLowest)});
}

void read_span(const nlohmann::json& value, const std::string& at, Duration longest,
               std::int64_t& milliseconds, Errors& errors) {
  const auto span =
      value.is_string() ? parse_duration(value.get<std::string>()) : Result<Duration>(Duration{-1});
  if (!span || *span < std::chrono::milliseconds(1) || *span > longest) {
    return errors.push_back(
        {at, "", fmt::format("must be a duration from 1ms to {}", format_duration(longest))});
  }
  milliseconds = std::chrono::duration_cast<std::chrono::milliseconds>(*span).count();
}

void read_unique_key(const nlohmann::json& value, const std::string& at, std::string& key,
                     Errors& errors) {
  constexpr std::size_t kLongest = 200;
  if (value.is_string()) key = value.get<std::string>();
  if (key.empty() || key.size() > kLongest || has_nul(key)) {
    errors.push_back(
        {at, "", fmt::format("must be a string of 1 to {} bytes without U+0000", kLongest)});
  }
}

// How the job is to run that embeds the document.
void read_job_options(const nlohmann::json& body, const std::string& at,
                      store::NewDocument& document, Errors& errors) {
  using std::chrono::hours;
  constexpr Duration kLongestDelay = 365 * hours(24);
  constexpr Duration kLongestRun = 7 * hours(24);
  const auto job = body.find("job");
  if (job == body.end()) return;
  const std::string pointer = at + "/job";
  if (!job->is_object()) return errors.push_back({pointer, "", "must be an object"});
  for (const auto& [name, value] : job->items()) {
    const std::string field = pointer + "/" + name;
    if (name == "priority") {
      read_priority(value, field, document.priority, errors);
    } else if (name == "delay") {
      read_span(value, field, kLongestDelay, document.delay_ms, errors);
    } else if (name == "timeout") {
      read_span(value, field, kLongestRun, document.timeout_ms, errors);
    } else if (name == "unique_key") {
      read_unique_key(value, field, document.unique_key, errors);
    } else {
      errors.push_back({pointer + pointer_to(name).substr(1), "", "is not an option of a job"});
    }
  }
}

void complete_title(store::NewDocument& document) {
  if (is_blank(document.title)) document.title = first_line(document.content);
}

tl::expected<store::NewDocument, ProblemDetails> from_json(const http::Request& head,
                                                           std::string text) {
  auto body = parse_json_object(head, text);
  std::string().swap(text);
  if (!body) return tl::unexpected(std::move(body).error());
  auto document = read_document(*body, "#");
  if (document) return std::move(*document);
  return tl::unexpected(
      ProblemDetails{422, "The document has invalid fields.", std::move(document).error()});
}

tl::expected<store::NewDocument, ProblemDetails> from_text(const http::Request& head,
                                                           std::string text) {
  if (const std::size_t at = text::find_invalid_utf8(text); at != std::string_view::npos) {
    return tl::unexpected(
        ProblemDetails{400, fmt::format("The body is not valid UTF-8 at byte {}.", at)});
  }
  store::NewDocument document;
  Errors errors;
  if (const std::string* title = query_text(head, "title", errors)) document.title = *title;
  // A byte order mark says how the text is encoded and is not part of it (RFC 3629, 6).
  if (text.starts_with("\xEF\xBB\xBF")) text.erase(0, 3);
  document.content = std::move(text);
  if (std::string wrong = check_title(document.title); !wrong.empty()) {
    errors.push_back({"", "title", std::move(wrong)});
  }
  if (std::string wrong = check_content(document.content); !wrong.empty()) {
    errors.push_back({"#", "", std::move(wrong)});
  }
  if (!errors.empty()) {
    return tl::unexpected(
        ProblemDetails{422, "The document has invalid fields.", std::move(errors)});
  }
  return document;
}

bool is_uuid(const std::string& id) {
  constexpr std::string_view kShape = "xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx";
  return std::equal(id.begin(), id.end(), kShape.begin(), kShape.end(), [](char c, char shape) {
    return shape == '-' ? c == '-' : text::is_alphanumeric(c);
  });
}

}  // namespace

std::string document_id(const std::string& path_value) {
  return is_uuid(path_value) ? text::to_lower(path_value) : path_value;
}

std::optional<ProblemDetails> check_document_path(const std::vector<std::string>& path_values) {
  if (is_uuid(path_values[0])) return {};
  return ProblemDetails{404, "There is no such document."};
}

std::optional<ProblemDetails> check_document_type(const http::Request& head) {
  const std::string type = media_type(head);
  if (type == "application/json") return {};
  if (type != "text/plain") {
    return ProblemDetails{415, "Send a document as Content-Type: application/json or text/plain."};
  }
  const std::string encoding = charset(head);
  // "utf8" is no registered name, but common, and means nothing else.
  for (const char* const known : {"", "utf-8", "utf8", "us-ascii"}) {
    if (encoding == known) return {};
  }
  return ProblemDetails{415, "Send the text in UTF-8."};
}

tl::expected<store::NewDocument, ProblemDetails> parse_document(const http::Request& head,
                                                                std::string body) {
  if (auto problem = check_document_type(head)) return tl::unexpected(std::move(*problem));
  tl::expected<store::NewDocument, ProblemDetails> document =
      media_type(head) == "application/json" ? from_json(head, std::move(body))
                                             : from_text(head, std::move(body));
  if (document) complete_title(*document);
  return document;
}

tl::expected<store::NewDocument, std::vector<FieldError>> read_document(nlohmann::json& body,
                                                                        const std::string& at) {
  Errors errors;
  if (!body.is_object()) {
    errors.push_back({at, "", "must be an object"});
    return tl::unexpected(std::move(errors));
  }
  store::NewDocument document;
  read_text(body, at, "title", check_title, document.title, errors);
  if (!body.contains("content")) errors.push_back({at + "/content", "", "is required"});
  read_text(body, at, "content", check_content, document.content, errors);
  read_metadata(body, at, document.metadata, errors);
  read_job_options(body, at, document, errors);
  for (const auto& [name, value] : body.items()) {
    if (name != "title" && name != "content" && name != "metadata" && name != "job") {
      errors.push_back({at + pointer_to(name).substr(1), "", "is not a field of a document"});
    }
  }
  if (!errors.empty()) return tl::unexpected(std::move(errors));
  complete_title(document);
  return document;
}

}  // namespace holdfast::api
