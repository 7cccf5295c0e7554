// SPDX-License-Identifier: Apache-2.0
#pragma once

// What a server with OpenAI's embeddings API is sent, and what its answer says. Nothing in an
// answer is taken on trust: each vector is there once, in its place, with the right length, of
// finite numbers, and has a direction.
//
// Threads: pure functions.

#include "common/base/clock.hpp"
#include "common/embedding/provider.hpp"
#include "common/http/message.hpp"

#include <optional>
#include <string>

namespace holdfast::embedding {

// The body of the request.
std::string embeddings_request(const config::Embedding& config,
                               std::span<const std::string_view> texts);

// The most that an answer to `texts` texts can have in bytes, generously.
std::uint64_t longest_answer(const config::Embedding& config, std::size_t texts);

struct Judgement {
  enum class Kind {
    Answered,
    Outage,         // no answer, or an error of the server's: another attempt may succeed
    Limited,        // too many requests
    Misconfigured,  // key, model, URL or dimensions: a person has to act
    TooLong,        // a text, or all of them together
    Refused,        // perhaps because of a text
  };
  Kind kind = Kind::Answered;
  std::string message{};           // for people, on one line, without secrets
  std::optional<Duration> wait{};  // that it asks for
  Vectors vectors{};               // Answered: one for each text, in order, of unit length
  std::uint64_t tokens = 0;        // that it says it has counted
  bool may_be_length = false;  // Refused: in words that are not known, so perhaps for its length
};
std::string_view to_string(Judgement::Kind kind);  // "ok", "outage", …: the metrics' label

// `answer`: to a request with `texts` texts.
Judgement judge(const Result<http::Response>& answer, std::size_t texts,
                const config::Embedding& config, WallTime now);

}  // namespace holdfast::embedding
