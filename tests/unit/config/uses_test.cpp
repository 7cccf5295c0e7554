// SPDX-License-Identifier: Apache-2.0
#include "common/config/uses.hpp"

#include "common/config/load.hpp"
#include "tests/support/catch.hpp"

#include <set>

using namespace holdfast::config;

namespace {

const std::string kFleet = R"(
[listen.http]
address = "127.0.0.1:3000"
[listen.other]
address = "127.0.0.1:3001"
[program.migrate]
command = ["holdfast-queue-worker", "migrate"]
type = "oneshot"
[program.queue-worker]
command = ["holdfast-queue-worker"]
[program.api-worker]
command = ["/usr/lib/holdfast/holdfast-api-worker"]
sockets = ["http"]
[program.site]
command = ["nginx"]
sockets = ["other"]
)";

// The programs whose part has changed between the fleet and the fleet with `change`.
std::set<std::string> touched(const std::string& from, const std::string& to) {
  const auto before = load_text(from, "before.toml", {});
  const auto after = load_text(to, "after.toml", {});
  REQUIRE(before);
  REQUIRE(after);
  std::set<std::string> names;
  for (std::size_t i = 0; i < before->config.programs.size(); ++i) {
    const Program& old = before->config.programs[i];
    if (old.uses != after->config.programs[i].uses) names.insert(old.name);
  }
  return names;
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

using Names = std::set<std::string>;

}  // namespace

TEST_CASE("a shared section touches those of Holdfast's workers that read it") {
  CHECK(touched(kFleet, kFleet) == Names{});
  CHECK(touched(kFleet, kFleet + "[http]\nidle_timeout = \"5s\"\n") == Names{"api-worker"});
  CHECK(touched(kFleet, kFleet + "[queue]\nbatch = 3\n") == Names{"api-worker", "queue-worker"});
  CHECK(touched(kFleet, kFleet + "[log]\nlevel = \"debug\"\n") ==
        Names{"api-worker", "queue-worker"});
}

TEST_CASE("what only the supervisor reads touches nobody") {
  CHECK(touched(kFleet, kFleet + "[supervisor]\nmax_starting = 2\n") == Names{});
  CHECK(touched(kFleet, kFleet + "[log]\nmax_files = 3\n") == Names{});
}

TEST_CASE("writing a default out touches nobody") {
  CHECK(touched(kFleet, kFleet + "[queue]\nbatch = 16\n") == Names{});
}

TEST_CASE("a listener's change touches those who are handed its socket") {
  CHECK(touched(kFleet, replaced(kFleet, "127.0.0.1:3001", "127.0.0.1:3002")) == Names{"site"});
  CHECK(touched(kFleet, replaced(kFleet, "127.0.0.1:3000", "127.0.0.1:3002")) ==
        Names{"api-worker"});
}
