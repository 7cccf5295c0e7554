// SPDX-License-Identifier: Apache-2.0
#pragma once

// Provider: turns texts into vectors of unit length whose dot product tells how alike two texts
// are. The queue worker embeds chunks with it and the API embeds the query, so both must be made
// from the same configuration.
//
// A provider may be a server. Then it can be down: what becomes of texts meanwhile is decided by
// whether it takes any now (ProviderState), and not by one failure.
//
// Threads: everything may be called from several threads at once.

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/config/config.hpp"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace holdfast::embedding {

using Vectors = std::vector<std::vector<float>>;

// What one call is for.
struct EmbedCall {
  std::string request_id{};  // goes with it to the server; empty: none
  // For all of it, retries included. Without one, each request has its time (embedding.timeout) and
  // failed ones are repeated. With one, a failure is not looked into.
  std::optional<MonoTime> deadline{};
  // Asked several times a second while the call waits, perhaps on another thread: false ends it.
  std::function<bool()> go_on{};
};

struct ProviderState {
  bool takes_texts = true;  // false: a call fails at once
  bool up = true;           // false: people should know; being asked to slow down is no outage
  Duration ask_again_in{};  // if it takes none: when it may again
  std::string reason{};     // for people; empty if it takes texts
};

class Provider {
 public:
  virtual ~Provider() = default;
  virtual std::string_view name() const = 0;  // "hashing": the value of the metrics' label
  virtual std::uint32_t dimensions() const = 0;
  // The cosines of texts that have nothing, and everything, in common, as far as they tell: below
  // the first a search takes a text for unrelated.
  struct Scale {
    double unrelated = 0;
    double same = 1;
  };
  virtual Scale scale() const { return {0.1, 0.7}; }
  // What vectors must have in common to be compared: the store records it with each document.
  // "openai/text-embedding-3-small/1536".
  virtual std::string space() const = 0;
  // One vector per text, in order. Never a zero vector, not even for an empty text.
  // Errors: InvalidArgument (the text is at fault: trying again cannot help); others: it may.
  virtual Result<Vectors> embed(std::span<const std::string_view> texts, const EmbedCall& call) = 0;

  // How many texts, and bytes of them, are best given to embed() at a time.
  virtual std::size_t batch_items() const { return 32; }
  virtual std::size_t batch_bytes() const { return std::size_t{1} << 20; }
  // Whether embed() waits for a network.
  virtual bool is_remote() const { return false; }
  virtual ProviderState state() const { return {}; }
  // Asks a provider that takes no texts whether it does now, if it is time to. Blocks as a call.
  virtual void probe(const EmbedCall&) {}
};

// What a provider reports. Called from any thread, several at once; must be quick.
struct ProviderHooks {
  std::function<void(std::string_view outcome, Duration took)> request_done{};
  std::function<void(std::uint64_t tokens)> tokens_used{};
  std::function<void()> text_split{};  // it was too long, and was embedded in parts
  // It went down or came up; in order.
  std::function<void(bool up, const std::string& reason)> changed{};
};

struct ProviderParts {
  ProviderHooks hooks{};
  std::map<std::string, std::string> environment{};  // for proxies
};

// InvalidArgument for an unknown provider or impossible dimensions; the message names the choices.
Result<std::unique_ptr<Provider>> make_provider(const config::Embedding& config,
                                                ProviderParts parts = {});

// What make_provider(config)->space() is.
std::string space_of(const config::Embedding& config);

// Scales to unit length. False for a vector without a direction: zero, or with a number that is not
// finite.
bool to_unit_length(std::span<float> vector);

}  // namespace holdfast::embedding
