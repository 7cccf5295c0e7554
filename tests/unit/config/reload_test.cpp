// SPDX-License-Identifier: Apache-2.0
#include "common/config/reload.hpp"

#include "common/config/schema.hpp"
#include "tests/unit/config/support.hpp"

#include <set>

namespace holdfast::config {

namespace {

using Names = std::set<std::string>;
using Keys = std::vector<std::string>;

std::string text_of(const Field& field) {
  const auto value = field.write();
  return value ? to_toml(*value) : std::string();
}

// Values that one key or another takes, in the spelling of a file.
std::vector<Value> candidates() {
  std::vector<Value> values{
      Value{true}, Value{false}, Value{std::int64_t{1}}, Value{std::int64_t{2}},
      Value{1.5},  Value{0.5}};
  for (const char* text :
       {"1s",  "9s",      "oneshot", "never", "INT",    "started",     "x",    "/x",
        "022", "off",     "main",    "debug", "pretty", "127.0.0.1:1", "exit", "64MiB",
        "rss", "overlap", "metrics", "queue", "UTC",    "@daily"}) {
    values.push_back(Value{std::string(text)});
  }
  values.push_back(Value{std::string("all")});
  values.push_back(Value{std::string("rss")});
  values.push_back(Value{Array{Value{std::string("x")}}});
  values.push_back(Value{Array{Value{std::string("204")}}});
  values.push_back(Value{Array{Value{std::int64_t{3}}}});
  values.push_back(Value{Table{{"X", {}, Value{std::string("y")}}}});
  values.push_back(Value{Table{{"nofile", {}, Value{std::int64_t{10}}}}});
  return values;
}

// Gives the key another value than the one it has.
void change(const Field& field) {
  const std::string before = text_of(field);
  for (const Value& value : candidates()) {
    Complaints complaints;
    field.read(value, complaints);
    if (complaints.empty() && text_of(field) != before) return;
  }
  FAIL("no candidate changes '" << field.key << "': add one to candidates()");
}

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

// The programs that a reload from one file to the other rolls.
Names rolled(const std::string& from, const std::string& to) {
  const Config before = load_good(from).config;
  const Config after = load_good(to).config;
  Names names;
  for (std::size_t i = 0; i < before.programs.size(); ++i) {
    const ChangedKeys changed = changed_keys(before.programs[i], after.programs[i]);
    if (any_has(changed, ReloadEffect::Roll)) names.insert(before.programs[i].name);
  }
  return names;
}

Keys for_next_start(const std::string& before, const std::string& after) {
  return keys_for_next_start(load_good(before).config, load_good(after).config);
}

std::string replaced(std::string text, const std::string& what, const std::string& by) {
  return text.replace(text.find(what), what.size(), by);
}

}  // namespace

TEST_CASE(
    "a changed key of a program is found, whichever it is, with the effect it is declared with") {
  Program probe;
  for (std::size_t i = 0; i < fields_of(probe).size(); ++i) {
    const Program before;
    Program after;
    const Fields fields = fields_of(after);
    INFO(fields[i].key);
    change(fields[i]);
    const ChangedKeys changed = changed_keys(before, after);
    const bool found = std::any_of(changed.begin(), changed.end(), [&](const ChangedKey& key) {
      return key.key == fields[i].key && key.effects == fields[i].on_reload;
    });
    CHECK(found);
    CHECK(any_has(changed, fields[i].on_reload));
  }
}

TEST_CASE("what runs differs from the file in the keys that ask for a roll, and in no other") {
  Program probe;
  for (std::size_t i = 0; i < fields_of(probe).size(); ++i) {
    const Program running;
    Program wanted;
    const Fields fields = fields_of(wanted);
    INFO(fields[i].key);
    change(fields[i]);
    const auto differs = keys_with(changed_keys(running, wanted), ReloadEffect::Roll);
    const bool named = std::find(differs.begin(), differs.end(), fields[i].key) != differs.end();
    CHECK(named == has(fields[i].on_reload, ReloadEffect::Roll));
    CHECK((named || differs.empty()));
  }
}

TEST_CASE("equal programs differ in nothing") {
  CHECK(changed_keys(Program{}, Program{}).empty());
  CHECK(changed_keys(Supervisor{}, Supervisor{}).empty());
}

TEST_CASE("a shared section that changed asks for a rolling restart, and is named") {
  Program before;
  before.uses = {{"http", 1}, {"store", 2}};
  Program after = before;
  after.uses["http"] = 3;
  const ChangedKeys changed = changed_keys(before, after);
  CHECK(describe(changed) == "[http] (rolling restart)");
  CHECK(keys_with(changed, ReloadEffect::Roll) == std::vector<std::string>{"[http]"});
}

TEST_CASE("the description names what changed and what it means") {
  Program before;
  Program after;
  after.command = {"new"};
  after.stop_timeout = 20s;
  after.replicas = 3;
  CHECK(describe(changed_keys(before, after)) ==
        "command, stop_timeout, replicas 1 -> 3 (rolling restart)");
  after.command = before.command;
  CHECK(describe(changed_keys(before, after)) == "stop_timeout, replicas 1 -> 3");
}

TEST_CASE("settings that only a new supervisor can use are described as such") {
  Supervisor after;
  after.max_starting = 8;
  after.status_listen = "";
  CHECK(describe(changed_keys(Supervisor{}, after)) ==
        "max_starting, status_listen (at the next start)");
}

TEST_CASE("a reload names the keys that take effect at the next start") {
  CHECK(for_next_start("", "").empty());
  CHECK(for_next_start("", "[metrics]\ngauge_rules = [\"a max\"]\nstale_after = \"5s\"") ==
        Keys{"metrics.gauge_rules", "metrics.stale_after"});
  CHECK(for_next_start("[log]\nfile = \"/var/log/a.log\"", "[log]\nfile = \"/var/log/b.log\"") ==
        Keys{"log.file"});
}

TEST_CASE("a reload does not name the keys that it applies") {
  CHECK(for_next_start("", "[log]\nlevel = \"debug\"").empty());
  CHECK(for_next_start("", "[queue]\nbatch = 3\n[http]\nstore_threads = 3").empty());
  CHECK(for_next_start("", "[supervisor]\nmax_starting = 9").empty());
}

TEST_CASE("a shared section rolls those of Holdfast's workers that read it") {
  CHECK(rolled(kFleet, kFleet) == Names{});
  CHECK(rolled(kFleet, kFleet + "[http]\nidle_timeout = \"5s\"\n") == Names{"api-worker"});
  CHECK(rolled(kFleet, kFleet + "[queue]\nbatch = 3\n") == Names{"api-worker", "queue-worker"});
  CHECK(rolled(kFleet, kFleet + "[log]\nlevel = \"debug\"\n") ==
        Names{"api-worker", "queue-worker"});
}

TEST_CASE("what only the supervisor reads rolls no program") {
  CHECK(rolled(kFleet, kFleet + "[supervisor]\nmax_starting = 2\n") == Names{});
  CHECK(rolled(kFleet, kFleet + "[log]\nmax_files = 3\n") == Names{});
}

TEST_CASE("writing out a default rolls no program") {
  CHECK(rolled(kFleet, kFleet + "[queue]\nbatch = 64\n") == Names{});
}

TEST_CASE("a listener's new address rolls the programs that are handed its socket") {
  CHECK(rolled(kFleet, replaced(kFleet, "127.0.0.1:3001", "127.0.0.1:3002")) == Names{"site"});
  CHECK(rolled(kFleet, replaced(kFleet, "127.0.0.1:3000", "127.0.0.1:3002")) ==
        Names{"api-worker"});
}

TEST_CASE("changed contents of an env_file are a change, and their values are not shown") {
  Program before;
  before.env_file = "/etc/web.env";
  before.env_file_values = {{"TOKEN", "old"}};
  Program after = before;
  CHECK(changed_keys(before, after).empty());
  after.env_file_values = {{"TOKEN", "new"}};
  const ChangedKeys changed = changed_keys(before, after);
  CHECK(any_has(changed, ReloadEffect::Roll));
  CHECK(describe(changed) == "contents of env_file (rolling restart)");
  after.env_file = "/etc/other.env";
  CHECK(describe(changed_keys(before, after)) == "env_file (rolling restart)");
}

}  // namespace holdfast::config
