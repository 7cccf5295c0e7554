// SPDX-License-Identifier: Apache-2.0
#include "common/config/slot_text.hpp"
#include "common/config/validate.hpp"
#include "common/net/url.hpp"

#include <map>

namespace holdfast::config {

namespace {

// One spelling for each address, as far as it can be told without asking anybody. Paths may differ
// and lead to different metrics.
std::string spelled(const std::string& metrics) {
  const auto url = net::parse_literal_url(metrics, "/");
  if (!url || url->scheme == net::Url::Scheme::Unix) return metrics;
  std::string host = url->host;
  if (host == "localhost") host = "127.0.0.1";
  return fmt::format("{}:{}{}", host, url->port, url->target);
}

}  // namespace

void validate_metrics_addresses(const Config& config, LoadReport& report) {
  std::map<std::string, std::string> owners;  // address -> program
  for (const Program& program : config.programs) {
    if (!program.metrics.starts_with("http:") && !program.metrics.starts_with("unix:")) continue;
    const bool each = contains_slot_names(program.metrics);
    for (std::uint32_t slot = 0; slot < (each ? program.replicas : 1); ++slot) {
      const std::string address = for_slot(program, slot).metrics;
      const auto [owner, is_new] = owners.emplace(spelled(address), program.name);
      if (is_new || owner->second == program.name) continue;
      report.warning("program." + program.name, "metrics",
                     fmt::format("metrics: '{}' is the address of [program.{}], too: what it "
                                 "reports is counted for both; \"off\" leaves it to one of them",
                                 address, owner->second));
      break;
    }
  }
}

}  // namespace holdfast::config
