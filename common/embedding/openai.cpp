// SPDX-License-Identifier: Apache-2.0
#include "common/embedding/openai.hpp"

#include "common/base/backoff.hpp"
#include "common/base/duration.hpp"
#include "common/base/id.hpp"
#include "common/config/receiver_types.hpp"
#include "common/http/client.hpp"
#include "common/http/proxy.hpp"
#include "common/text/ascii.hpp"
#include "common/text/utf8.hpp"

#include <algorithm>
#include <atomic>

namespace holdfast::embedding {

namespace {

using namespace std::chrono_literals;
using Kind = Judgement::Kind;

constexpr Duration kConnectTimeout = 5s;
constexpr Duration kFirstRetry = 250ms;
constexpr Duration kLongestRetry = 10s;
constexpr Duration kLongestServerWait = 15s;  // that Retry-After of an outage can make of a retry
// What every model embeds.
constexpr std::string_view kControl = "holdfast";
constexpr std::size_t kShortestPart = 64;
constexpr int kGuesses = 4;  // a text is halved so often to find out whether it is too long

std::uint64_t seed() {
  std::uint64_t seed = 0;
  fill_random({reinterpret_cast<unsigned char*>(&seed), sizeof seed});
  return seed;
}

bool is_blank(std::string_view text) {
  return text::trim(text, text::kWhitespace).empty();
}

// Servers refuse empty texts.
std::vector<float> vector_of_nothing(std::uint32_t dimensions) {
  std::vector<float> vector(dimensions);
  vector[0] = 1;
  return vector;
}

Error told_to_stop() {
  return {ErrorKind::DeadlineExceeded, "told to stop before the provider had answered", 0};
}

Result<std::string> bearer_of(const config::Embedding& config) {
  auto key = config::secret_of(config.api_key, config.api_key_file);
  if (!key) return fail(key.error().with_context("embedding.api_key_file"));
  if (!text::all_of(*key, [](char c) { return c >= ' ' && c <= '~'; })) {
    return fail(ErrorKind::InvalidArgument, "embedding.api_key is not printable ASCII on one line");
  }
  return key;
}

// Some servers repeat a key that they refuse.
void hide(const std::string& key, std::string& message) {
  constexpr std::string_view kHidden = "[Redacted]";
  if (key.empty()) return;
  for (std::size_t at = 0; (at = message.find(key, at)) != std::string::npos; at += kHidden.size())
    message.replace(at, key.size(), kHidden);
}

std::size_t middle_of(std::string_view text) {
  std::size_t at = text.size() / 2;
  while (at > 1 && !text::is_code_point_boundary(text, at))
    --at;
  return at;
}

}  // namespace

OpenAiProvider::OpenAiProvider(config::Embedding config, ProviderParts parts,
                               const CircuitBreaker::Settings& breaker, const Patience& patience)
    : config_(std::move(config)),
      parts_(std::move(parts)),
      patience_(patience),
      slots_(std::max(config_.concurrency, 1u)),
      breaker_(breaker),
      random_(seed()) {}

OpenAiProvider::OpenAiProvider(config::Embedding config, ProviderParts parts)
    : OpenAiProvider(std::move(config), std::move(parts), {}, {}) {}

// Changes the breaker, and reports it if that opens or closes the circuit.
template <class Change>
auto OpenAiProvider::with_breaker(Change change) {
  const std::lock_guard lock(mutex_);
  const MonoTime now = MonoTime::clock::now();
  const bool was_up = breaker_.view(now).up;
  const double random = std::uniform_real_distribution<double>(0, 1)(random_);
  const auto result = change(breaker_, now, random);
  const CircuitBreaker::View view = breaker_.view(now);
  if (view.up != was_up && parts_.hooks.changed) parts_.hooks.changed(view.up, view.reason);
  return result;
}

ProviderState OpenAiProvider::state() const {
  const std::lock_guard lock(mutex_);
  const CircuitBreaker::View view = breaker_.view(MonoTime::clock::now());
  return {view.takes, view.up, view.wait, view.reason};
}

Error OpenAiProvider::unavailable(const std::string& reason) const {
  return {ErrorKind::Unavailable,
          fmt::format("the embedding provider takes no texts now: {}", reason), 0};
}

Result<Vectors> OpenAiProvider::embed(Texts texts, const EmbedCall& call) {
  Vectors vectors(texts.size());
  std::vector<std::string_view> sent;
  std::vector<std::size_t> places;
  for (std::size_t i = 0; i < texts.size(); ++i) {
    if (is_blank(texts[i])) {
      vectors[i] = vector_of_nothing(config_.dimensions);
      continue;
    }
    sent.push_back(texts[i]);
    places.push_back(i);
  }
  for (std::size_t first = 0; first < sent.size();) {
    std::size_t last = first;
    for (std::size_t bytes = 0; last < sent.size() && last - first < config_.batch_items; ++last) {
      bytes += sent[last].size();
      if (last > first && bytes > config_.batch_bytes) break;
    }
    HOLDFAST_TRY_ASSIGN(Vectors batch,
                        embed_batch(Texts(sent).subspan(first, last - first), call, kGuesses));
    for (std::size_t i = first; i < last; ++i)
      vectors[places[i]] = std::move(batch[i - first]);
    first = last;
  }
  return vectors;
}

Result<Vectors> OpenAiProvider::embed_batch(Texts texts, const EmbedCall& call, int guesses) {
  HOLDFAST_TRY_ASSIGN(Judgement judgement, ask(texts, call));
  if (judgement.kind == Kind::Answered) return std::move(judgement.vectors);
  if (texts.size() > 1) {
    // One of them is at fault, or all of them are too many.
    const std::size_t half = texts.size() / 2;
    HOLDFAST_TRY_ASSIGN(Vectors vectors, embed_batch(texts.first(half), call, guesses));
    HOLDFAST_TRY_ASSIGN(Vectors rest, embed_batch(texts.subspan(half), call, guesses));
    std::move(rest.begin(), rest.end(), std::back_inserter(vectors));
    return vectors;
  }
  if (judgement.kind == Kind::TooLong)
    return embed_in_parts(texts.front(), judgement, call, guesses);
  Error blamed = blame(judgement, call);
  const bool may_be_length = judgement.may_be_length && texts.front().size() >= 2 * kShortestPart;
  if (!may_be_length || guesses == 0 || blamed.kind != ErrorKind::InvalidArgument)
    return fail(std::move(blamed));
  auto in_parts = embed_in_parts(texts.front(), judgement, call, guesses - 1);
  // What is said of a part is true of the whole.
  if (!in_parts && in_parts.error().kind == ErrorKind::InvalidArgument)
    return fail(std::move(blamed));
  return in_parts;
}

Result<Vectors> OpenAiProvider::embed_in_parts(std::string_view text, const Judgement& why,
                                               const EmbedCall& call, int guesses) {
  if (text.size() < 2 * kShortestPart) return fail(blame(why, call));
  const std::size_t middle = middle_of(text);
  std::vector<float> sum(config_.dimensions);
  std::vector<float> last;
  for (const std::string_view part : {text.substr(0, middle), text.substr(middle)}) {
    if (is_blank(part)) continue;
    HOLDFAST_TRY_ASSIGN(Vectors vectors, embed_batch(Texts(&part, 1), call, guesses));
    last = std::move(vectors.front());
    for (std::size_t i = 0; i < sum.size(); ++i)
      sum[i] += last[i] * static_cast<float>(part.size());
  }
  if (parts_.hooks.text_split) parts_.hooks.text_split();
  if (!to_unit_length(sum)) sum = std::move(last);  // the parts cancel each other out
  Vectors result;
  result.push_back(std::move(sum));
  return result;
}

Result<Judgement> OpenAiProvider::ask(Texts texts, const EmbedCall& call) {
  Duration patience = patience_.in_all;
  for (std::int32_t failures = 0;;) {
    Judgement judgement;
    {
      const Slots::Slot slot = slots_.take(call.deadline, call.go_on);
      if (!slot) return fail(told_to_stop());
      HOLDFAST_TRY(wait_for_permit(call, patience));
      judgement = exchange(texts, call, About::Texts);
    }
    if (call.go_on && !call.go_on()) return fail(told_to_stop());
    Duration wait{};
    switch (judgement.kind) {
      case Kind::Answered:
      case Kind::TooLong:
      case Kind::Refused: return judgement;
      case Kind::Misconfigured: return fail(unavailable(judgement.message));
      case Kind::Limited: continue;  // the permit takes its time
      case Kind::Outage: {
        if (static_cast<std::uint32_t>(++failures) > config_.retries)
          return fail(blame(judgement, call));
        const double random = with_breaker([](auto&, MonoTime, double r) { return r; });
        wait = full_jitter(failures, kFirstRetry, kLongestRetry, random);
        wait = std::max(wait, std::min(judgement.wait.value_or(Duration{}), kLongestServerWait));
        break;
      }
    }
    if (!pause(wait, call.deadline, call.go_on)) {
      if (call.go_on && !call.go_on()) return fail(told_to_stop());
      return fail(unavailable(judgement.message));
    }
  }
}

Error OpenAiProvider::blame(const Judgement& failure, const EmbedCall& call) {
  const bool refused = failure.kind != Kind::Outage;
  const auto of_the_text = [&] {
    return refused
               ? Error{ErrorKind::InvalidArgument,
                       "the embedding provider refuses the text: " + failure.message, 0}
               : Error{ErrorKind::Internal, "the embedding provider failed: " + failure.message, 0};
  };
  if (call.deadline) return refused ? of_the_text() : unavailable(failure.message);
  if (!state().takes_texts) return unavailable(failure.message);
  const Judgement control = exchange(Texts(&kControl, 1), call, About::Control);
  if (call.go_on && !call.go_on()) return told_to_stop();
  // Being asked to wait says nothing about who is at fault: that is found out the next time.
  return control.kind == Kind::Answered ? of_the_text() : unavailable(control.message);
}

Result<void> OpenAiProvider::wait_for_permit(const EmbedCall& call, Duration& patience) {
  for (;;) {
    const auto [permit, view] = with_breaker([](CircuitBreaker& breaker, MonoTime now, double) {
      const CircuitBreaker::Permit given = breaker.ask(now);
      return std::pair(given, breaker.view(now));
    });
    if (permit != CircuitBreaker::Permit::No) return {};
    const bool worth_it =
        view.up && view.limited && view.wait <= std::min(patience_.once, patience);
    if (!worth_it || (call.deadline && MonoTime::clock::now() + view.wait > *call.deadline))
      return fail(unavailable(view.reason));
    patience -= view.wait;
    if (!pause(view.wait, call.deadline, call.go_on)) return fail(told_to_stop());
  }
}

Judgement OpenAiProvider::exchange(Texts texts, const EmbedCall& call, About about) {
  const MonoTime began = MonoTime::clock::now();
  std::atomic<bool> stopped = false;
  std::function<bool()> go_on;
  if (call.go_on) {
    go_on = [&] {
      if (!call.go_on()) stopped = true;
      return !stopped;
    };
  }
  const auto key = bearer_of(config_);
  const Result<http::Response> answer =
      key ? send(texts, call, *key, go_on) : Result<http::Response>(fail(key.error()));
  Judgement judgement = judge(answer, texts.size(), config_, WallTime::clock::now());
  if (key) hide(*key, judgement.message);
  if (stopped && judgement.kind == Kind::Outage) {
    with_breaker([](CircuitBreaker& breaker, MonoTime, double) {
      breaker.given_up();
      return 0;
    });
    return judgement;
  }
  if (parts_.hooks.request_done)
    parts_.hooks.request_done(to_string(judgement.kind), MonoTime::clock::now() - began);
  if (judgement.tokens > 0 && parts_.hooks.tokens_used) parts_.hooks.tokens_used(judgement.tokens);
  note(judgement, about);
  return judgement;
}

Result<http::Response> OpenAiProvider::send(Texts texts, const EmbedCall& call,
                                            const std::string& key,
                                            const std::function<bool()>& go_on) const {
  http::FetchOptions options;
  options.deadline = config_.timeout;
  if (call.deadline) {
    options.deadline = std::min(options.deadline, *call.deadline - MonoTime::clock::now());
  }
  options.connect_timeout = std::min(kConnectTimeout, options.deadline);
  options.max_response_bytes = longest_answer(config_, texts.size());
  options.ca_file = config_.ca_file;
  options.go_on = go_on;
  options.connections = &connections_;
  const std::string url = config_.base_url + "/embeddings";
  HOLDFAST_TRY_ASSIGN(options.proxy, http::proxy_by(config_.proxy, url, parts_.environment));
  http::Headers headers;
  headers.set("Content-Type", "application/json");
  headers.set("Accept", "application/json");
  if (!key.empty()) headers.set("Authorization", "Bearer " + key);
  if (!call.request_id.empty()) headers.set("X-Request-Id", call.request_id);
  return http::fetch("POST", url, headers, embeddings_request(config_, texts), options);
}

void OpenAiProvider::note(const Judgement& judgement, About about) {
  const bool is_control = about == About::Control;
  with_breaker([&](CircuitBreaker& breaker, MonoTime now, double random) {
    switch (judgement.kind) {
      case Kind::Answered: breaker.succeeded(); break;
      case Kind::Limited: breaker.limited(now, judgement.wait, judgement.message, random); break;
      case Kind::Misconfigured: breaker.open(now, judgement.message, random); break;
      case Kind::Outage:
        if (is_control) {
          breaker.open(now, judgement.message, random);
        } else {
          breaker.failed(now, judgement.message, random);
        }
        break;
      // It says no to this text. Whether it would to another one is not known, but of the control
      // text.
      case Kind::TooLong:
      case Kind::Refused:
        if (is_control) {
          breaker.open(now, judgement.message, random);
        } else {
          breaker.given_up();
        }
        break;
    }
    return 0;
  });
}

void OpenAiProvider::probe(const EmbedCall& call) {
  const bool is_due = with_breaker([](CircuitBreaker& breaker, MonoTime now, double) {
    return breaker.view(now).may_probe && breaker.ask(now) == CircuitBreaker::Permit::Probe;
  });
  if (is_due) exchange(Texts(&kControl, 1), call, About::Control);
}

}  // namespace holdfast::embedding
