// SPDX-License-Identifier: Apache-2.0
#include "api-worker/edge/entity_tag.hpp"

#include "common/http/list_field.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace holdfast::api {

namespace {

// What servers append to a tag when they compress: we and Apache "-gzip", older Apaches ";gzip",
// Jetty "--gzip".
constexpr std::array<std::string_view, 4> kCodings{"gzip", "br", "zstd", "deflate"};
constexpr std::array<std::string_view, 3> kBeforeCoding{"--", "-", ";"};

// Between tags, before the first and after the last (RFC 9110, 5.6.1.2).
constexpr std::string_view kEmptyElements = ", \t";

struct Tag {
  bool weak = false;
  std::string opaque;  // without quotes
};

struct TagList {
  bool any = false;  // "*"
  std::vector<Tag> tags;
};

void skip(std::string_view& text, std::string_view characters) {
  text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
}

// etagc: any visible character but the quote, and bytes beyond ASCII.
bool is_opaque(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || byte == 0x7f) return false;
  }
  return true;
}

bool take_tag(std::string_view& text, std::vector<Tag>& tags) {
  Tag tag;
  if (text.starts_with("W/")) {
    tag.weak = true;
    text.remove_prefix(2);
  }
  if (!text.starts_with('"')) return false;
  const std::size_t end = text.find('"', 1);
  if (end == std::string_view::npos) return false;
  tag.opaque = text.substr(1, end - 1);
  text.remove_prefix(end + 1);
  tags.push_back(std::move(tag));
  return is_opaque(tags.back().opaque);
}

// All lines of the field; nothing if they do not form a list of tags.
std::optional<TagList> parse_tags(const http::Headers& headers, std::string_view name) {
  const std::string whole = http::list_field(headers, name).value_or("");
  std::string_view text = whole;
  TagList list;
  if (text::trim(text) == "*") {
    list.any = true;
    return list;
  }
  skip(text, kEmptyElements);
  while (!text.empty()) {
    if (!take_tag(text, list.tags)) return {};
    skip(text, text::kBlanks);
    if (!text.empty() && text.front() != ',') return {};
    skip(text, kEmptyElements);
  }
  if (list.tags.empty()) return {};
  return list;
}

// Takes one of `suffixes` off the end of `text`, if it has one.
template <std::size_t Count>
bool take_suffix(std::string_view& text, const std::array<std::string_view, Count>& suffixes) {
  const auto found = std::find_if(suffixes.begin(), suffixes.end(),
                                  [text](std::string_view one) { return text.ends_with(one); });
  if (found == suffixes.end()) return false;
  text.remove_suffix(found->size());
  return true;
}

std::string_view without_coding(std::string_view opaque) {
  std::string_view rest = opaque;
  while (take_suffix(rest, kCodings) && take_suffix(rest, kBeforeCoding))
    opaque = rest;
  return opaque;
}

const Tag* find_tag(const TagList& list, std::string_view tag) {
  const std::string_view wanted = tag.substr(1, tag.size() - 2);
  const auto found = std::find_if(list.tags.begin(), list.tags.end(), [wanted](const Tag& known) {
    return without_coding(known.opaque) == wanted;
  });
  return found == list.tags.end() ? nullptr : &*found;
}

std::vector<std::int64_t> versions_of(const TagList& list) {
  std::vector<std::int64_t> versions;
  for (const Tag& tag : list.tags) {
    const std::string_view opaque = without_coding(tag.opaque);
    const auto version = text::parse_digits<std::int64_t>(opaque.substr(0, opaque.find('-')));
    if (version) versions.push_back(*version);
  }
  return versions;
}

ProblemDetails malformed(std::string_view field) {
  return {400,
          fmt::format("{} must be '*' or a list of entity tags, such as the ETag of a response.",
                      field)};
}

}  // namespace

std::string document_tag(const store::Document& document) {
  return fmt::format("\"{}-{}-{:x}\"", document.version, store::to_string(document.status),
                     document.updated_at);
}

std::string content_tag(const store::Document& document) {
  return fmt::format("\"{}\"", document.version);
}

std::optional<std::string> none_match(const http::Headers& headers, std::string_view tag) {
  if (headers.find("If-None-Match") == nullptr) return {};
  const auto list = parse_tags(headers, "If-None-Match");
  if (!list) return {};
  if (list->any) return std::string(tag);
  const Tag* const known = find_tag(*list, tag);
  if (known == nullptr) return {};
  return fmt::format("\"{}\"", known->opaque);
}

std::optional<ProblemDetails> check_if_match(const http::Headers& headers, std::string_view tag) {
  if (headers.find("If-Match") == nullptr) return {};
  const auto list = parse_tags(headers, "If-Match");
  if (!list) return malformed("If-Match");
  if (list->any || find_tag(*list, tag) != nullptr) return {};
  return ProblemDetails{412, "If-Match does not name the present ETag: read it again."};
}

http::Response not_modified(const std::string& tag, std::string_view cache_control) {
  http::Response response;
  response.status = 304;
  // The caching fields that a 200 would have had (RFC 9110, 15.4.5).
  response.headers.set("ETag", tag);
  response.headers.set("Cache-Control", cache_control);
  response.headers.set("Vary", "Accept-Encoding");
  return response;
}

tl::expected<store::Versions, ProblemDetails> if_match(const http::Headers& headers) {
  if (headers.find("If-Match") == nullptr) return store::Versions{};
  const auto list = parse_tags(headers, "If-Match");
  if (!list) return tl::unexpected(malformed("If-Match"));
  if (list->any) return store::Versions{};
  return versions_of(*list);
}

tl::expected<store::Condition, ProblemDetails> write_condition(const http::Headers& headers) {
  auto among = if_match(headers);
  if (!among) return tl::unexpected(among.error());
  store::Condition condition{std::move(*among), {}};
  if (headers.find("If-None-Match") == nullptr) return condition;
  const auto list = parse_tags(headers, "If-None-Match");
  if (!list) return tl::unexpected(malformed("If-None-Match"));
  condition.none_of = versions_of(*list);
  if (list->any) condition.among = store::Versions{std::in_place};
  return condition;
}

ProblemDetails precondition_failed() {
  return {412,
          "The document's version is not one that If-Match and If-None-Match admit: read it again "
          "and send its new ETag."};
}

}  // namespace holdfast::api
