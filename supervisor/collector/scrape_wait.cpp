// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/scrape_wait.hpp"

#include "common/text/number.hpp"

namespace holdfast::supervisor::collector {

Duration scrape_wait(const std::string* timeout_seconds) {
  if (timeout_seconds == nullptr) return kScrapeWait;
  const double seconds = text::parse_number<double>(*timeout_seconds).value_or(0);
  if (!(seconds > 0)) return kScrapeWait;  // nan included
  const double half = seconds / 2;
  if (half >= std::chrono::duration<double>(kScrapeWait).count()) return kScrapeWait;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(half));
}

}  // namespace holdfast::supervisor::collector
