// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/scrape_wait.hpp"

#include <charconv>

namespace holdfast::supervisor::collector {

Duration scrape_wait(const std::string* timeout_seconds) {
  if (timeout_seconds == nullptr) return kScrapeWait;
  double seconds = 0;
  const char* const end = timeout_seconds->data() + timeout_seconds->size();
  const auto [stop, error] = std::from_chars(timeout_seconds->data(), end, seconds);
  if (error != std::errc{} || stop != end || !(seconds > 0)) return kScrapeWait;
  const double half = seconds / 2;
  if (half >= std::chrono::duration<double>(kScrapeWait).count()) return kScrapeWait;
  return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(half));
}

}  // namespace holdfast::supervisor::collector
