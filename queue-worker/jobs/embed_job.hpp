// SPDX-License-Identifier: Apache-2.0
#pragma once

// The work of one job: load the document, split it into chunks, find their terms, and embed them
// with the document's title, batch by batch. No transaction is open meanwhile, and nothing is
// written: the result is returned, to be stored under the job's fence.
//
// Threads: runs on a job thread; store reads and Provider::embed may be called from there.

#include "common/base/result.hpp"
#include "common/embedding/chunker.hpp"
#include "common/embedding/provider.hpp"
#include "common/store/store.hpp"

#include <atomic>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace holdfast::queue {

struct Embedded {
  std::int64_t version = 0;
  store::EmbeddedText text;
};
struct DocumentGone {};
struct Stopped {};  // told to stop before it was finished
// The store could not be read now, which says nothing about this job.
struct StoreAway {
  Error error;
};
// The provider takes no texts now, which says nothing about this job.
struct Postponed {
  std::string why;
  Duration wait{};  // until the provider is asked again
};
struct Failed {
  std::string error;
  bool permanent = false;  // the same input will fail again
};
using Outcome = std::variant<Embedded, DocumentGone, Stopped, StoreAway, Postponed, Failed>;

struct EmbedTools {
  store::DocumentStore& documents;
  embedding::Provider& provider;
  embedding::ChunkOptions chunking;
  std::string request_id;                          // of the document, for the provider
  std::function<void()> touch;                     // a sign of life; from another thread as well
  std::function<void(Duration, bool)> batch_done;  // its duration, and whether it succeeded
};

// Whether an error of the store says nothing about the job: the same step may succeed later.
bool is_transient(ErrorKind kind);

Outcome embed_document(const std::string& document_id, const EmbedTools& tools,
                       const std::atomic<bool>& stop);

}  // namespace holdfast::queue
