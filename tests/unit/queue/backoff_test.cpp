// SPDX-License-Identifier: Apache-2.0
#include "common/base/backoff.hpp"

#include "tests/support/catch.hpp"

#include <limits>

using namespace holdfast;
using namespace std::chrono_literals;

TEST_CASE("the longest wait doubles with each attempt, up to the cap") {
  struct Row {
    std::int32_t attempt;
    Duration longest;
  };
  for (const Row& row : {Row{1, 1s}, Row{2, 2s}, Row{3, 4s}, Row{6, 32s}, Row{7, 60s}, Row{60, 60s},
                         Row{std::numeric_limits<std::int32_t>::max(), 60s}}) {
    CAPTURE(row.attempt);
    const Duration almost = full_jitter(row.attempt, 1s, 60s, 0.999999);
    CHECK(almost <= row.longest);
    CHECK(almost >= row.longest - 1ms);
  }
}

TEST_CASE("the wait is spread evenly down to nothing") {
  CHECK(full_jitter(3, 1s, 60s, 0.0) == 0s);
  CHECK(full_jitter(3, 1s, 60s, 0.25) == 1s);
  CHECK(full_jitter(3, 1s, 60s, 0.5) == 2s);
}

TEST_CASE("an attempt below one counts as the first") {
  CHECK(full_jitter(0, 1s, 60s, 0.5) == 500ms);
  CHECK(full_jitter(-7, 1s, 60s, 0.5) == 500ms);
}

TEST_CASE("a cap below the base wins") {
  CHECK(full_jitter(1, 10s, 2s, 0.5) == 1s);
}

TEST_CASE("a jittered period stays within its share") {
  CHECK(jittered(1s, 0.2, 0.0) == 800ms);
  CHECK(jittered(1s, 0.2, 0.5) == 1s);
  CHECK(jittered(1s, 0.2, 1.0) == 1200ms);
}
