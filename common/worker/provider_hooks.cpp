// SPDX-License-Identifier: Apache-2.0
#include "common/worker/provider_hooks.hpp"

#include "common/embedding/openai_answer.hpp"
#include "common/metrics/instruments.hpp"

namespace holdfast::worker {

embedding::ProviderHooks provider_hooks(const config::Embedding& config,
                                        prometheus::Registry& registry, const log::Logger& log) {
  if (config.provider == "hashing") return {};
  const std::string provider = config.provider;
  metrics::Counters requests(registry, "embedding_requests_total");
  std::map<std::string, prometheus::Counter*, std::less<>> by_outcome;
  using Kind = embedding::Judgement::Kind;
  for (const Kind kind : {Kind::Answered, Kind::Outage, Kind::Limited, Kind::Misconfigured,
                          Kind::TooLong, Kind::Refused}) {
    const std::string outcome(embedding::to_string(kind));
    by_outcome[outcome] = &requests.with({{"provider", provider}, {"outcome", outcome}});
  }
  auto& duration =
      metrics::Histograms(registry, "embedding_request_seconds").with({{"provider", provider}});
  auto& tokens =
      metrics::Counters(registry, "embedding_tokens_total").with({{"provider", provider}});
  auto& split =
      metrics::Counters(registry, "embedding_texts_split_total").with({{"provider", provider}});
  embedding::ProviderHooks hooks;
  hooks.request_done = [by_outcome = std::move(by_outcome), &duration](std::string_view outcome,
                                                                       Duration took) {
    by_outcome.at(std::string(outcome))->Increment();
    duration.Observe(std::chrono::duration<double>(took).count());
  };
  hooks.tokens_used = [&tokens](std::uint64_t count) {
    tokens.Increment(static_cast<double>(count));
  };
  hooks.text_split = [&split] { split.Increment(); };
  hooks.changed = [&log, provider](bool up, const std::string& reason) {
    if (up) {
      log.info("the embedding provider takes texts again", {{"provider", provider}});
    } else {
      log.error("the embedding provider takes no texts: jobs wait, and searches go by words alone",
                {{"provider", provider}, {"reason", reason}});
    }
  };
  return hooks;
}

}  // namespace holdfast::worker
