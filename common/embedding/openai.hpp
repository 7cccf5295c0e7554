// SPDX-License-Identifier: Apache-2.0
#pragma once

// OpenAiProvider: any server with OpenAI's POST /v1/embeddings, over HTTP.
//
// One call becomes requests of at most embedding.batch_items texts and embedding.batch_bytes bytes,
// at most embedding.concurrency at a time in this process. What follows from a failure:
//
// - No answer, an answer that cannot be read, 408, 5xx: the request is repeated, after a growing
//   wait with jitter, or as long as Retry-After says.
// - 429: everybody waits as long as it says. Short waits are sat out, but not for ever; a long one
//   is an error.
// - 401, 404, a redirect, vectors of another length: a person has to act. Nothing is repeated.
// - 400, 403, 413, 422 and the like, to several texts: halves are sent, until it is clear which
// text
//   it is. One that is too long is embedded in parts, and the mean of their vectors, weighted by
//   their length, is its own.
//
// Whose fault a lasting failure is, a control text decides: if the server embeds that, the text is
// at fault, and the error is InvalidArgument (refused) or Internal (it failed, for once). If not,
// the server is down: the circuit opens (circuit_breaker.hpp), and until it closes again calls fail
// at once with Unavailable.
//
// Threads: as Provider.

#include "common/embedding/circuit_breaker.hpp"
#include "common/embedding/openai_answer.hpp"
#include "common/embedding/provider.hpp"
#include "common/embedding/slots.hpp"
#include "common/http/idle_connections.hpp"

#include <mutex>
#include <random>

namespace holdfast::embedding {

class OpenAiProvider final : public Provider {
 public:
  // How long a request sits out pauses that the server asks for.
  struct Patience {
    Duration once = std::chrono::seconds(15);
    Duration in_all = std::chrono::minutes(1);
  };

  OpenAiProvider(config::Embedding config, ProviderParts parts,
                 const CircuitBreaker::Settings& breaker, const Patience& patience);
  OpenAiProvider(config::Embedding config, ProviderParts parts);

  std::string_view name() const override { return "openai"; }
  std::uint32_t dimensions() const override { return config_.dimensions; }
  std::string space() const override { return space_of(config_); }
  Result<Vectors> embed(std::span<const std::string_view> texts, const EmbedCall& call) override;
  std::size_t batch_items() const override { return config_.batch_items; }
  std::size_t batch_bytes() const override { return config_.batch_bytes; }
  bool is_remote() const override { return true; }
  ProviderState state() const override;
  void probe(const EmbedCall& call) override;

 private:
  using Texts = std::span<const std::string_view>;
  enum class About { Texts, Control };  // what a request is about

  // `guesses`: how often a text may be halved that was refused in words that are not known.
  Result<Vectors> embed_batch(Texts texts, const EmbedCall& call, int guesses);
  Result<Vectors> embed_in_parts(std::string_view text, const Judgement& why, const EmbedCall& call,
                                 int guesses);
  // Requests until one has an answer about these texts: Answered, TooLong or Refused.
  Result<Judgement> ask(Texts texts, const EmbedCall& call);
  // The error for what went on failing.
  Error blame(const Judgement& failure, const EmbedCall& call);
  // Waits until a request may be made; no longer than `patience`, and that much less the next time.
  Result<void> wait_for_permit(const EmbedCall& call, Duration& patience);
  // One request, and what it says about the server.
  Judgement exchange(Texts texts, const EmbedCall& call, About about);
  Result<http::Response> send(Texts texts, const EmbedCall& call, const std::string& key,
                              const std::function<bool()>& go_on) const;
  void note(const Judgement& judgement, About about);
  Error unavailable(const std::string& reason) const;
  template <class Change>
  auto with_breaker(Change change);

  const config::Embedding config_;
  const ProviderParts parts_;
  const Patience patience_;
  Slots slots_;
  mutable http::IdleConnections connections_;
  mutable std::mutex mutex_;
  CircuitBreaker breaker_;  // guarded by mutex_
  std::mt19937_64 random_;  // guarded by mutex_
};

}  // namespace holdfast::embedding
