// SPDX-License-Identifier: Apache-2.0
#include "supervisor/core/selection.hpp"

#include "tests/support/catch.hpp"

#include <fmt/format.h>

using namespace holdfast::supervisor::core;

namespace {

using Names = std::vector<std::string>;

const Names kNone;
const Names kBackend{"backend"};
const Names kBoth{"backend", "edge"};

std::vector<Nameable> fleet() {
  return {{"db", &kBackend, {0}},
          {"web", &kBoth, {0, 1, 2}},
          {"webhooks", &kNone, {0, 1}},
          {"off", &kNone, {}}};
}

// "web[0,1]+": the slots of each program; '+' where all of it was named.
std::string chosen(const Names& names) {
  const Selection selection = select(names, fleet());
  if (!selection.error.empty()) return selection.error;
  std::string text;
  for (const Chosen& one : selection.chosen) {
    std::string slots;
    for (const std::uint32_t slot : one.slots)
      slots += (slots.empty() ? "" : ",") + std::to_string(slot);
    text += fmt::format("{}{}[{}]{}", text.empty() ? "" : " ", fleet()[one.program].name, slots,
                        one.whole ? "+" : "");
  }
  return text;
}

}  // namespace

TEST_CASE("names stand for programs and slots") {
  CHECK(chosen({"web"}) == "web[0,1,2]+");
  CHECK(chosen({"web.1"}) == "web[1]");
  CHECK(chosen({"off"}) == "off[]+");
  CHECK(chosen({"all"}) == "db[0]+ web[0,1,2]+ webhooks[0,1]+ off[]+");
  CHECK(chosen({"group:backend"}) == "db[0]+ web[0,1,2]+");
  CHECK(chosen({"group:*"}) == "db[0]+ web[0,1,2]+");
}

TEST_CASE("a glob is of programs, or of slots where it matches no program") {
  CHECK(chosen({"web*"}) == "web[0,1,2]+ webhooks[0,1]+");
  CHECK(chosen({"?b"}) == "db[0]+");
  CHECK(chosen({"web.?"}) == "web[0,1,2]");
  CHECK(chosen({"web*.1"}) == "web[1] webhooks[1]");
  CHECK(chosen({"*.0"}) == "db[0] web[0] webhooks[0]");
}

TEST_CASE("several names add up, each program and slot once, in the order of the fleet") {
  CHECK(chosen({"webhooks", "db"}) == "db[0]+ webhooks[0,1]+");
  CHECK(chosen({"web.2", "web.0", "web.2"}) == "web[0,2]");
  CHECK(chosen({"web.2", "web"}) == "web[0,1,2]+");
  CHECK(chosen({"web", "web.2"}) == "web[0,1,2]+");
  CHECK(chosen({"group:backend", "web.1", "all"}) == chosen({"all"}));
}

TEST_CASE("a name that stands for nothing is an error that says what is near it") {
  CHECK(chosen({"wbe"}) ==
        "no program 'wbe'; did you mean 'web'?; known programs: db, web, webhooks, off");
  CHECK(chosen({"web.3"}) == "no slot 'web.3'; the slots are web.0 to web.2");
  CHECK(chosen({"api*"}) ==
        "no program or worker matches 'api*'; known programs: db, web, webhooks, off");
  CHECK(chosen({"group:bakend"}) ==
        "no program is in a group 'bakend'; did you mean 'backend'?; known groups: backend, edge");
  CHECK(chosen({}) == "no program is named");
  CHECK(select({"all"}, {}).error == "there are no programs");
  const Nameable lone{"web", &kNone, {0}};
  CHECK(select({"group:x"}, {lone}).error ==
        "no program is in a group 'x'; no groups are configured");
}

TEST_CASE("if one name stands for nothing, nothing is chosen, and every such name is told") {
  const Selection selection = select({"web", "wbe", "group:x"}, fleet());
  CHECK(selection.chosen.empty());
  CHECK(selection.error.find("'wbe'") != std::string::npos);
  CHECK(selection.error.find("'x'") != std::string::npos);
}

TEST_CASE("only a name of its own names a program; globs, groups and all do not") {
  const auto named = [](const Names& names) { return select(names, fleet()).chosen.front().named; };
  CHECK(named({"db"}));
  CHECK(named({"db.0"}));
  CHECK(named({"all", "db"}));
  CHECK_FALSE(named({"d*"}));
  CHECK_FALSE(named({"group:backend"}));
  CHECK_FALSE(named({"all"}));
}
