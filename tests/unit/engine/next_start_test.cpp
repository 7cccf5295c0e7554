// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/next_start.hpp"

#include "common/config/load.hpp"
#include "tests/support/catch.hpp"

using namespace holdfast;
using namespace holdfast::supervisor;

namespace {

using Keys = std::vector<std::string>;

Keys between(const std::string& before, const std::string& after) {
  const auto was = config::load_text(before, "before.toml", {});
  const auto is = config::load_text(after, "after.toml", {});
  REQUIRE(was);
  REQUIRE(is);
  return keys_for_next_start(was->config, is->config);
}

}  // namespace

TEST_CASE("a reload names the keys that only another supervisor can use") {
  CHECK(between("", "").empty());
  CHECK(between("", "[metrics]\ngauge_rules = [\"a max\"]\nstale_after = \"5s\"") ==
        Keys{"metrics.gauge_rules", "metrics.stale_after"});
  CHECK(between("[log]\nfile = \"/var/log/a.log\"", "[log]\nfile = \"/var/log/b.log\"") ==
        Keys{"log.file"});
}

TEST_CASE("a reload does not name what it takes by itself") {
  CHECK(between("", "[log]\nlevel = \"debug\"").empty());
  CHECK(between("", "[queue]\nbatch = 3\n[http]\nstore_threads = 3").empty());
  CHECK(between("", "[supervisor]\nmax_starting = 9").empty());
}
