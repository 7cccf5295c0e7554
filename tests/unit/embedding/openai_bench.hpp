// SPDX-License-Identifier: Apache-2.0
#pragma once

// A provider with a real server that plays along, or does not. Threads: the test's.

#include "common/embedding/openai.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/http_peer.hpp"

#include <nlohmann/json.hpp>

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::embedding::test {

using namespace std::chrono_literals;
using holdfast::test::HttpPeer;
using holdfast::test::PeerReply;
using holdfast::test::PeerRequest;
using Json = nlohmann::json;

inline constexpr std::uint32_t kLength = 4;

// The vector that the server below makes of a text: its length says which text it was.
inline std::vector<float> raw_vector_of(const std::string& text) {
  return {static_cast<float>(text.size()), 1, 0, 0};
}

inline std::vector<std::string> inputs_of(const PeerRequest& request) {
  return Json::parse(request.body)["input"].get<std::vector<std::string>>();
}

inline PeerReply embed_all(const PeerRequest& request) {
  Json data = Json::array();
  const auto inputs = inputs_of(request);
  for (std::size_t i = inputs.size(); i-- > 0;)  // in the wrong order, as is allowed
    data.push_back({{"index", i}, {"embedding", raw_vector_of(inputs[i])}});
  return {200, Json{{"data", data}, {"usage", {{"total_tokens", inputs.size()}}}}.dump()};
}

inline bool is_control(const PeerRequest& request) {
  return inputs_of(request) == std::vector<std::string>{"holdfast"};
}

inline config::Embedding config_for(const std::string& base_url) {
  config::Embedding config;
  config.provider = "openai";
  config.model = "a-model";
  config.base_url = base_url;
  config.dimensions = kLength;
  config.retries = 1;
  config.timeout = 60s;
  config.proxy = "off";
  return config;
}

// A server, the provider that uses it, and what that reported.
class Bench {
 public:
  // Once the circuit is open it stays so for `wait`, at least.
  explicit Bench(HttpPeer::Play play, const std::function<void(config::Embedding&)>& change = {},
                 Duration wait = 1h, const OpenAiProvider::Patience& patience = {})
      : peer_(std::move(play)) {
    config::Embedding config = config_for(peer_.url("/v1"));
    if (change) change(config);
    provider = std::make_unique<OpenAiProvider>(
        config, parts(), CircuitBreaker::Settings{.first_wait = wait, .longest_wait = wait},
        patience);
  }
  Result<Vectors> embed(const std::vector<std::string>& texts, const EmbedCall& call = {}) {
    const std::vector<std::string_view> views(texts.begin(), texts.end());
    return provider->embed(views, call);
  }
  Error error_of(const std::vector<std::string>& texts, const EmbedCall& call = {}) {
    const auto result = embed(texts, call);
    REQUIRE_FALSE(result);
    return result.error();
  }
  HttpPeer& peer() { return peer_; }
  std::size_t requests() const { return peer_.seen().size(); }
  bool is_up() const { return provider->state().up; }

  ProviderParts parts() {
    ProviderParts parts;
    parts.hooks.tokens_used = [this](std::uint64_t count) { tokens += count; };
    parts.hooks.text_split = [this] { ++splits; };
    parts.hooks.changed = [this](bool up, const std::string&) { ++(up ? came_up : went_down); };
    return parts;
  }

 private:
  HttpPeer peer_;

 public:
  std::atomic<std::uint64_t> tokens = 0;
  std::atomic<int> splits = 0, came_up = 0, went_down = 0;
  std::unique_ptr<OpenAiProvider> provider;
};

inline bool has(const Error& error, const std::string& part) {
  INFO(error.message);
  return error.message.find(part) != std::string::npos;
}

// The first `bad` requests get `reply`, the others what is right.
inline HttpPeer::Play at_first(int bad, PeerReply reply) {
  return [left = std::make_shared<std::atomic<int>>(bad), reply = std::move(reply)](
             const PeerRequest& request) { return (*left)-- > 0 ? reply : embed_all(request); };
}

}  // namespace holdfast::embedding::test
