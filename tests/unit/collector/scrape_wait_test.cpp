// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/scrape_wait.hpp"

#include "tests/support/catch.hpp"

using namespace holdfast::supervisor::collector;
using namespace std::chrono_literals;

TEST_CASE("a scrape waits for half of what the scraper allows, and never longer than 400 ms") {
  const auto wait_of = [](const std::string& header) { return scrape_wait(&header); };
  CHECK(scrape_wait(nullptr) == 400ms);
  CHECK(wait_of("10") == 400ms);
  CHECK(wait_of("0.8") == 400ms);
  CHECK(wait_of("0.799999") < 400ms);
  CHECK(wait_of("0.5") == 250ms);
  CHECK(wait_of("0.25") == 125ms);
  CHECK(wait_of("0.001") == 500us);
  CHECK(wait_of("2e-1") == 100ms);  // Go reads that, too
  CHECK(wait_of("1e300") == 400ms);
  CHECK(wait_of("inf") == 400ms);
}

TEST_CASE("a scrape timeout that is not a positive number is ignored") {
  for (const char* text : {"", " ", "0", "-0", "-1", "nan", "0,5", "0.5s", "0.5 ", "ten", "0x1p-2",
                           "1e999", "--1", "1 2"}) {
    CAPTURE(text);
    const std::string header = text;
    CHECK(scrape_wait(&header) == kScrapeWait);
  }
}
