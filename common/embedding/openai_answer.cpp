// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/openai_answer.hpp"

#include "common/http/retry_after.hpp"
#include "common/log/redact.hpp"
#include "common/text/ascii.hpp"
#include "common/text/parse_json.hpp"
#include "common/text/terminal.hpp"
#include "common/text/utf8.hpp"

#include <nlohmann/json.hpp>
#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <numeric>
#include <span>

namespace holdfast::embedding {

namespace {

using Json = nlohmann::json;
using Kind = Judgement::Kind;

constexpr std::size_t kMostOfMessage = 300;

std::string on_one_line(std::string_view text) {
  return text::for_terminal_line(
      log::redact_text(text::truncate_utf8(text::trim(text, text::kWhitespace), kMostOfMessage)));
}

const Json* member(const Json& object, const char* name) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(name);
  return found == object.end() ? nullptr : &*found;
}

std::string text_of(const Json& object, const char* name) {
  const Json* const value = member(object, name);
  return value != nullptr && value->is_string() ? value->get<std::string>() : std::string();
}

// What the body says went wrong. Servers differ: {"error": {"message", "code"}}, {"error": "…"},
// {"message"}, {"detail"}, or plain text.
struct Complaint {
  std::string message;
  std::string code;
  std::string type;
};

Complaint complaint_of(const std::string& body) {
  const Json json = text::parse_json(body);
  if (!json.is_object()) return {on_one_line(body), {}, {}};
  const Json* const error = member(json, "error");
  const Json& inner = error != nullptr && error->is_object() ? *error : json;
  Complaint complaint;
  for (const char* name : {"message", "error", "detail"}) {
    complaint.message = text_of(inner, name);
    if (!complaint.message.empty()) break;
  }
  complaint.code = text_of(inner, "code");
  complaint.type = text_of(inner, "type");
  complaint.message = on_one_line(complaint.message.empty() ? body : complaint.message);
  return complaint;
}

bool says(const Complaint& complaint, std::span<const std::string_view> phrases) {
  const std::string said =
      text::to_lower(fmt::format("{} {} {}", complaint.message, complaint.code, complaint.type));
  return std::any_of(phrases.begin(), phrases.end(), [&](std::string_view phrase) {
    return said.find(phrase) != std::string::npos;
  });
}

// There is no status for it: OpenAI says 400, others 413, 422, or 500.
bool says_too_long(const Complaint& complaint) {
  constexpr std::array<std::string_view, 19> kPhrases{"context length",  "context_length",
                                                      "context size",    "context_size",
                                                      "too long",        "too_long",
                                                      "too large",       "too many tokens",
                                                      "maximum input",   "too many input",
                                                      "max_tokens",      "maximum number of tokens",
                                                      "max input",       "exceeds the maximum",
                                                      "exceeds maximum", "input is longer",
                                                      "token limit",     "sequence length",
                                                      "maxlength"};
  return says(complaint, kPhrases);
}

// What waiting does not help: an account without money. Not "exceeded your current quota", which
// some say of a quota that is for one minute.
bool says_unpaid(const Complaint& complaint) {
  constexpr std::array<std::string_view, 9> kPhrases{
      "insufficient_quota",   "billing_not_active",   "billing_hard_limit_reached",
      "insufficient_balance", "insufficient balance", "exceeded_current_quota_error",
      "payment required",     "account_deactivated",  "balance is insufficient"};
  return says(complaint, kPhrases);
}

std::string describe(const http::Response& response, const Complaint& complaint) {
  std::string text = fmt::format("HTTP {}", response.status);
  const std::string_view reason = http::reason_phrase(response.status);
  if (!reason.empty()) text += fmt::format(" {}", reason);
  if (!complaint.message.empty()) text += ": " + complaint.message;
  if (const std::string* const id = response.headers.find("X-Request-Id"))
    text += fmt::format(" (the server's request {})", on_one_line(*id));
  return text;
}

Judgement judge_error(const Error& error) {
  const std::string message = on_one_line(error.message);
  switch (error.kind) {
    case ErrorKind::InvalidArgument:
    case ErrorKind::NotFound:
    case ErrorKind::PermissionDenied: return {Kind::Misconfigured, message};
    // A proper answer cannot be that long.
    case ErrorKind::ResourceExhausted:
      return {Kind::Misconfigured, message + ": is embedding.base_url right?"};
    default: return {Kind::Outage, message};
  }
}

Judgement judge_status(const http::Response& response, WallTime now) {
  const int status = response.status;
  const Complaint complaint = complaint_of(response.body);
  const std::string said = describe(response, complaint);
  const auto wait = http::retry_after(response.headers, now);
  if (status >= 400 && status < 500 && says_unpaid(complaint)) return {Kind::Misconfigured, said};
  if (status == 429) return {Kind::Limited, said, wait};
  if (status >= 300 && status < 400) {
    const std::string* const to = response.headers.find("Location");
    return {Kind::Misconfigured,
            fmt::format("HTTP {}: it redirects{}, and redirects are not followed: set "
                        "embedding.base_url to where it answers",
                        status, to == nullptr ? "" : " to " + on_one_line(log::redact_url(*to)))};
  }
  switch (status) {
    case 401: return {Kind::Misconfigured, said + ": check embedding.api_key"};
    // Of the key, or of a filter in front of the server that does not like a text.
    case 403: return {Kind::Refused, said + ": check embedding.api_key"};
    case 402:
    case 405:
    case 407:
    case 410:
    case 501: return {Kind::Misconfigured, said};
    case 404: return {Kind::Misconfigured, said + ": check embedding.base_url and embedding.model"};
    case 413: return {Kind::TooLong, said};
    case 408:
    case 409:
    case 425: return {Kind::Outage, said, wait};
    default: break;
  }
  if (says_too_long(complaint)) return {Kind::TooLong, said};
  if (status >= 400 && status < 500) {
    Judgement refused{Kind::Refused, said};
    refused.may_be_length = status == 400 || status == 422;
    return refused;
  }
  return {Kind::Outage, said, wait};
}

// A vector as the server sent it; empty: it is none.
std::vector<float> numbers_of(const Json& value) {
  std::vector<float> numbers;
  if (value.is_array()) {
    numbers.reserve(value.size());
    for (const Json& number : value) {
      if (!number.is_number()) return {};
      numbers.push_back(static_cast<float>(number.get<double>()));
    }
    return numbers;
  }
  if (!value.is_string()) return {};
  std::string text = value.get<std::string>();
  // Some send it with line ends, and some without the padding.
  std::erase_if(text, [](char c) { return c == '\n' || c == '\r'; });
  while (text.size() % 4 > 1)
    text += '=';
  if (text.empty() || text.size() % 4 != 0) return {};
  std::string bytes(text.size() / 4 * 3, '\0');
  const int decoded = EVP_DecodeBlock(reinterpret_cast<unsigned char*>(bytes.data()),
                                      reinterpret_cast<const unsigned char*>(text.data()),
                                      static_cast<int>(text.size()));
  if (decoded < 0) return {};
  // EVP_DecodeBlock() counts the padding.
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  const std::size_t size = static_cast<std::size_t>(decoded) - padding;
  if (size % sizeof(float) != 0) return {};
  numbers.resize(size / sizeof(float));
  std::memcpy(numbers.data(), bytes.data(), size);  // little endian, as all our machines
  return numbers;
}

// A whole number, which some servers write as 1.0. Nothing for what is none.
std::optional<std::size_t> index_of(const Json& item) {
  const Json* const index = member(item, "index");
  if (index == nullptr || !index->is_number()) return std::nullopt;
  const double number = index->get<double>();
  constexpr double kMost = 1e9;
  if (!(number >= 0 && number < kMost) || number != std::floor(number)) return std::nullopt;
  return static_cast<std::size_t>(number);
}

// Where each vector belongs. The order of an answer means nothing, unless the server gives none.
// Empty: one has no place, or two have the same.
std::vector<std::size_t> places_of(const Json& data) {
  std::vector<std::size_t> places;
  std::vector<bool> taken(data.size());
  for (const Json& item : data) {
    const auto index = index_of(item);
    if (!index) continue;
    if (*index >= data.size() || taken[*index]) return {};
    taken[*index] = true;
    places.push_back(*index);
  }
  if (places.size() == data.size()) return places;
  if (!places.empty()) return {};
  places.resize(data.size());
  std::iota(places.begin(), places.end(), std::size_t{0});
  return places;
}

Judgement judge_body(const std::string& body, std::size_t texts, const config::Embedding& config) {
  // Where several texts are too much for the server, one by one may not be: halves are sent before
  // anybody is blamed.
  const Kind malformed = texts > 1 ? Kind::Refused : Kind::Outage;
  const Json json = text::parse_json(body);
  if (json.is_discarded()) {
    // Python writes them so, which is not JSON.
    if (body.find("NaN") != std::string::npos || body.find("Infinity") != std::string::npos)
      return {Kind::Refused, "its answer has a number that is not finite"};
    return {malformed, "its answer is not JSON"};
  }
  const Json* const data = member(json, "data");
  if (data == nullptr || !data->is_array()) {
    return {malformed, "its answer has no vectors: " + complaint_of(body).message};
  }
  if (data->size() != texts) {
    // Some servers take one text at a time, and ignore the rest.
    return {malformed, fmt::format("{} vectors came for {} texts", data->size(), texts)};
  }
  const std::vector<std::size_t> places = places_of(*data);
  if (places.empty() && texts > 0)
    return {malformed, "its answer has a vector in no place, or two in one"};
  Judgement judgement;
  judgement.vectors.resize(texts);
  for (std::size_t i = 0; i < texts; ++i) {
    const Json& item = (*data)[i];
    const Json* const embedding = member(item, "embedding");
    std::vector<float> vector =
        embedding == nullptr ? std::vector<float>() : numbers_of(*embedding);
    // null where a number belongs: how JSON writes one that is not finite.
    if (vector.empty()) return {Kind::Refused, "a vector of its answer is not one of numbers"};
    if (vector.size() != config.dimensions) {
      return {Kind::Misconfigured,
              fmt::format("the model \"{}\" makes vectors of {}, and embedding.dimensions is {}: "
                          "set it to {}, or another model",
                          config.model, vector.size(), config.dimensions, vector.size())};
    }
    if (!to_unit_length(vector)) {
      return {Kind::Refused, "a vector of its answer is zero, or has a number that is not finite"};
    }
    judgement.vectors[places[i]] = std::move(vector);
  }
  if (const Json* const usage = member(json, "usage")) {
    for (const char* name : {"total_tokens", "prompt_tokens"}) {
      const Json* const tokens = member(*usage, name);
      if (tokens == nullptr || !tokens->is_number_unsigned()) continue;
      judgement.tokens = tokens->get<std::uint64_t>();
      break;
    }
  }
  return judgement;
}

}  // namespace

std::string embeddings_request(const config::Embedding& config,
                               std::span<const std::string_view> texts) {
  Json body{{"model", config.model},
            {"input", Json::array()},
            {"encoding_format", config.encoding_format}};
  if (config.request_dimensions) body["dimensions"] = config.dimensions;
  for (const std::string_view text : texts)
    body["input"].push_back(text);
  return body.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::uint64_t longest_answer(const config::Embedding& config, std::size_t texts) {
  constexpr std::uint64_t kNumber = 32;  // of a double with all its digits, and what parts it
  constexpr std::uint64_t kAround = 64u << 10;
  return kAround + std::uint64_t{texts} * (std::uint64_t{config.dimensions} * kNumber + 1024);
}

std::string_view to_string(Judgement::Kind kind) {
  switch (kind) {
    case Kind::Answered: return "ok";
    case Kind::Outage: return "outage";
    case Kind::Limited: return "limited";
    case Kind::Misconfigured: return "misconfigured";
    case Kind::TooLong: return "too_long";
    case Kind::Refused: return "refused";
  }
  return "outage";
}

Judgement judge(const Result<http::Response>& answer, std::size_t texts,
                const config::Embedding& config, WallTime now) {
  if (!answer) return judge_error(answer.error());
  const bool fine = answer->status >= 200 && answer->status < 300;
  return fine ? judge_body(answer->body, texts, config) : judge_status(*answer, now);
}

}  // namespace holdfast::embedding
