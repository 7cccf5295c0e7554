// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/jobs/embed_job.hpp"

#include "common/base/failpoint.hpp"
#include "common/log/logger.hpp"
#include "common/search/analyser.hpp"
#include "common/store/labels.hpp"

#include <chrono>
#include <exception>

namespace holdfast::queue {

namespace {

bool is_retryable(ErrorKind kind) {
  return kind != ErrorKind::InvalidArgument && kind != ErrorKind::Unstorable &&
         kind != ErrorKind::PermissionDenied;
}

// What a chunk's vector stands for: a title tells what its text is about. A title that was taken
// from the text is there already.
std::string text_to_embed(const std::string& title, const std::string& text) {
  return title.empty() || text.starts_with(title) ? text : title + "\n" + text;
}

// The end of the batch that begins at `first`: as much as the provider takes at a time.
std::size_t end_of_batch(const embedding::Provider& provider, const std::string& title,
                         const std::vector<store::Chunk>& chunks, std::size_t first) {
  std::size_t last = first;
  std::size_t bytes = 0;
  while (last < chunks.size() && last - first < provider.batch_items()) {
    bytes += title.size() + chunks[last].text.size();
    if (last > first && bytes > provider.batch_bytes()) break;
    ++last;
  }
  return last;
}

// Embeds chunks [first, last) in place, and finds their terms.
Result<void> embed_batch(const EmbedTools& tools, const embedding::EmbedCall& call,
                         search::Analyser& analyser, const std::string& title,
                         std::vector<store::Chunk>& chunks, std::size_t first, std::size_t last) {
  std::vector<std::string> whole;
  for (std::size_t i = first; i < last; ++i) {
    chunks[i].terms = analyser.index_terms(chunks[i].text);
    whole.push_back(text_to_embed(title, chunks[i].text));
  }
  const std::vector<std::string_view> texts(whole.begin(), whole.end());
  const auto start = std::chrono::steady_clock::now();
  auto vectors = tools.provider.embed(texts, call);
  const bool ok = vectors && vectors->size() == texts.size();
  tools.batch_done(std::chrono::steady_clock::now() - start, ok);
  if (!vectors) return fail(vectors.error().with_context("embed"));
  if (!ok) {
    return fail(ErrorKind::Unavailable,
                fmt::format("embed: the provider returned {} vectors for {} texts", vectors->size(),
                            texts.size()));
  }
  for (std::size_t i = first; i < last; ++i)
    chunks[i].vector = std::move((*vectors)[i - first]);
  return {};
}

std::vector<store::Chunk> split(const std::string& content,
                                const embedding::ChunkOptions& options) {
  std::vector<store::Chunk> chunks;
  for (const embedding::Span& span : embedding::chunk_text(content, options)) {
    store::Chunk chunk;
    chunk.ordinal = static_cast<std::int64_t>(chunks.size());
    chunk.begin = static_cast<std::int64_t>(span.begin);
    chunk.end = static_cast<std::int64_t>(span.end);
    chunk.text = content.substr(span.begin, span.end - span.begin);
    chunks.push_back(std::move(chunk));
  }
  return chunks;
}

Outcome outcome_of(const Error& error, const embedding::Provider& provider,
                   const std::atomic<bool>& stop) {
  if (stop) return Stopped{};
  if (error.kind == ErrorKind::Unavailable && provider.is_remote()) {
    return Postponed{error.message, provider.state().ask_again_in};
  }
  return Failed{error.message, !is_retryable(error.kind)};
}

Outcome embed_unguarded(const std::string& document_id, const EmbedTools& tools,
                        const std::atomic<bool>& stop) {
  if (stop) return Stopped{};
  tools.touch();
  const auto document = tools.documents.get_document(document_id);
  if (!document) {
    if (document.error().kind == ErrorKind::NotFound) return DocumentGone{};
    if (is_transient(document.error().kind)) return StoreAway{document.error()};
    return Failed{document.error().with_context("load the document").message, false};
  }
  failpoint(FaultStep::Working, document->content);
  Embedded done{document->version, store::EmbeddedText(split(document->content, tools.chunking))};
  search::Analyser analyser;
  done.text.title_terms = analyser.index_terms(document->title);
  done.text.labels = store::labels_of(document->metadata);
  std::vector<store::Chunk>& chunks = done.text.chunks;
  // While a provider on a network is waited for, this says that we are alive.
  const embedding::EmbedCall call{tools.request_id, {}, [&] {
                                    tools.touch();
                                    return !stop;
                                  }};
  for (std::size_t first = 0; first < chunks.size();) {
    if (stop) return Stopped{};
    tools.touch();
    const std::size_t last = end_of_batch(tools.provider, document->title, chunks, first);
    const auto embedded = embed_batch(tools, call, analyser, document->title, chunks, first, last);
    if (!embedded) return outcome_of(embedded.error(), tools.provider, stop);
    first = last;
  }
  return done;
}

}  // namespace

bool is_transient(ErrorKind kind) {
  // PermissionDenied: a server that turns this role away, which its administrator mends.
  return kind == ErrorKind::Unavailable || kind == ErrorKind::ResourceExhausted ||
         kind == ErrorKind::DeadlineExceeded || kind == ErrorKind::PermissionDenied;
}

Outcome embed_document(const std::string& document_id, const EmbedTools& tools,
                       const std::atomic<bool>& stop) {
  // A provider may use any library: an exception from it must not end the worker.
  try {
    return embed_unguarded(document_id, tools, stop);
  } catch (const std::exception& e) {
    return Failed{fmt::format("embed: {}", log::err_of(e).message), false};
  }
}

}  // namespace holdfast::queue
