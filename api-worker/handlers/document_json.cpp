// SPDX-License-Identifier: Apache-2.0
#include "api-worker/handlers/document_json.hpp"

#include "common/base/clock.hpp"
#include "common/text/json_writer.hpp"

#include <fmt/format.h>

namespace holdfast::api {

namespace {

enum class Content { Shown, LeftOut };

void write_document(text::JsonWriter& json, const store::Document& document, Content content) {
  json.begin_object();
  json.field("id", document.id);
  json.field("title", document.title);
  if (content == Content::Shown) json.field("content", document.content);
  json.key("metadata").raw(document.metadata.empty() ? "{}" : document.metadata);
  json.field("content_bytes", document.content_bytes);
  json.field("status", store::to_string(document.status));
  if (!document.error.empty()) json.field("error", document.error);
  json.field("version", document.version);
  json.field("chunk_count", document.chunk_count);
  json.field("job_id", document.job_id);
  json.field("created_at", format_unix_ms(document.created_at));
  json.field("updated_at", format_unix_ms(document.updated_at));
  json.end_object();
}

}  // namespace

std::string document_json(const store::Document& document) {
  std::string out;
  out.reserve(document.content.size() + document.title.size() + document.metadata.size() + 512);
  text::JsonWriter json(out);
  write_document(json, document, Content::Shown);
  return out;
}

std::string page_json(const store::Page& page) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object().key("documents").begin_array();
  for (const store::Document& document : page.documents) {
    write_document(json, document, Content::LeftOut);
  }
  json.end_array().key("next_cursor");
  if (page.next_cursor.empty()) {
    json.null();
  } else {
    json.string(page.next_cursor);
  }
  json.end_object();
  return out;
}

std::string created_json(const store::Created& created) {
  std::string out;
  text::JsonWriter json(out);
  json.begin_object();
  json.field("id", created.document_id);
  json.field("job_id", created.job_id);
  json.field("status", store::to_string(store::DocumentStatus::Pending));
  json.field("version", created.version);
  json.key("links").begin_object();
  json.field("self", "/api/documents/" + created.document_id);
  json.field("job", fmt::format("/api/jobs/{}", created.job_id));
  json.end_object();
  json.end_object();
  return out;
}

}  // namespace holdfast::api
