// SPDX-License-Identifier: Apache-2.0
// A Redis that answers, and refuses: a cluster, and errors that depend on the key or the command.
// Each is told of once, and nothing flaps.
#include "tests/integration/edge/redis_host.hpp"
#include "tests/integration/edge/redis_server.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/free_port.hpp"

#include <filesystem>
#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
using namespace std::chrono_literals;
using rate_limit::Policies;
using rate_limit::Policy;

namespace {

using Words = std::vector<std::string>;

const Policy kFive{"default", 5, 1min};
const Policies kRoute{kFive, {"GET /api/documents/{id}", 3, 1min}};
constexpr const char* kGone = "Redis is unavailable";
constexpr const char* kBack = "Redis is back";
constexpr const char* kKey = "Redis cannot count a key";

const std::string kThisNode(40, 'a');
const std::string kOtherNode(40, 'b');  // never reached, which it is not blamed for

// A node that is in a cluster with another, and has `slots` of it.
class ClusterNode {
 public:
  explicit ClusterNode(const std::string& mine, const std::string& others = "")
      : file_(dir_ / "nodes.conf"), server_("", options(mine, others)) {
    const bool ok = wait_until([this] {
      return server_.command({"CLUSTER", "INFO"}).find("cluster_state:ok") != std::string::npos;
    });
    REQUIRE(ok);
  }
  const RedisServer& operator*() const { return server_; }
  const RedisServer* operator->() const { return &server_; }

 private:
  Words options(const std::string& mine, const std::string& others) const {
    std::ofstream(file_) << kThisNode << " 127.0.0.1:0@0 myself,master - 0 0 1 connected " << mine
                         << '\n'
                         << kOtherNode << " 127.0.0.1:1@1 master - 0 0 2 connected " << others
                         << "\nvars currentEpoch 2 lastVoteEpoch 0\n";
    return {"--cluster-enabled",
            "yes",
            "--cluster-config-file",
            file_.native(),
            "--cluster-port",
            free_port(),
            "--bind",
            "127.0.0.1",
            "--cluster-node-timeout",
            "600000",
            "--cluster-require-full-coverage",
            "no"};
  }

  TempDir dir_;
  std::filesystem::path file_;
  RedisServer server_;
};

int errors(const RedisServer& server, const std::string& code) {
  const std::string text = server.command({"INFO", "errorstats"});
  const std::string name = "errorstat_" + code + ":count=";
  const auto at = text.find(name);
  return at == std::string::npos ? 0 : std::stoi(text.substr(at + name.size()));
}

// Several attempts fail, none is taken for a recovery, and one line was written.
void check_stays_away(Host& host, const RedisServer& server, const std::string& code) {
  REQUIRE(host.turn_until([&] { return host.any_line_with(kGone); }));
  const int before = errors(server, code);
  REQUIRE(host.turn_until([&] {
    CHECK_FALSE(host.up());
    return errors(server, code) >= before + 8;
  }));
  CHECK(host.lines_with(kGone) == 1);
  CHECK(host.lines_with(kBack) == 0);
  CHECK(host.lines_with(kKey) == 0);
  // This host counts steadily.
  CHECK(host.burst(kFive, "steady", 10) == 5);
}

}  // namespace

TEST_CASE("a Redis Cluster of one node counts requests under several policies, without a word") {
  const ClusterNode node("0-16383");
  Host host(node->url());
  REQUIRE(host.connect());
  for (const char* client : {"192.0.2.1", "2001:db8::/56", "key:3f9a1c2b4d5e", "unix"}) {
    INFO(client);
    for (int i = 0; i < 3; ++i)
      CHECK(host.take(kRoute, client)[1].allowed);
    CHECK_FALSE(host.take(kRoute, client)[1].allowed);
    CHECK(host.take(kFive, client).remaining == 1);
  }
  CHECK(host.fallbacks() == "0");
  CHECK(host.lines_with("Redis") == 0);
}

TEST_CASE("one of several nodes of a Redis Cluster is not used, and the log says what to do") {
  const std::string half = GENERATE("0-8191", "8192-16383");
  const ClusterNode node(half, half == "0-8191" ? "8192-16383" : "0-8191");
  Host host(node->url());
  check_stays_away(host, *node, "MOVED");
  CHECK(host.any_line_with("MOVED"));
  CHECK(host.any_line_with("node of a Redis Cluster"));
  CHECK(host.any_line_with("name a Redis without a cluster"));
}

TEST_CASE("a slot that a node of a Redis Cluster loses takes the Redis away until it is regained") {
  const ClusterNode node("0-16383");
  Host host(node->url());
  REQUIRE(host.connect());
  const std::string slot = node->command({"CLUSTER", "KEYSLOT", "{a}"});
  Words sick;
  Words cured{"CLUSTER", "SETSLOT", slot, "NODE", kThisNode};
  std::string code;
  SECTION("to another node") {
    sick = {"CLUSTER", "SETSLOT", slot, "NODE", kOtherNode};
    code = "MOVED";
  }
  SECTION("on its way to another node") {
    sick = {"CLUSTER", "SETSLOT", slot, "MIGRATING", kOtherNode};
    cured = {"CLUSTER", "SETSLOT", slot, "STABLE"};
    code = "ASK";
  }
  SECTION("on its way, with one key of two") {
    REQUIRE(host.take(kFive, "a").allowed);
    sick = {"CLUSTER", "SETSLOT", slot, "MIGRATING", kOtherNode};
    cured = {"CLUSTER", "SETSLOT", slot, "STABLE"};
    code = "TRYAGAIN";
  }
  SECTION("to nobody") {
    sick = {"CLUSTER", "DELSLOTS", slot};
    cured = {"CLUSTER", "ADDSLOTS", slot};
    code = "CLUSTERDOWN";
  }
  REQUIRE(node->command(sick) == "OK");
  CHECK(host.take(Policies{kFive}, "b")[0].remaining == 4);  // still counted
  CHECK(host.take(kRoute, "a")[1].allowed);                  // this host's answer
  REQUIRE(host.notice_loss());
  check_stays_away(host, *node, code);
  CHECK(host.any_line_with(code));
  CHECK(host.any_line_with("node of a Redis Cluster"));
  REQUIRE(node->command(cured) == "OK");
  REQUIRE(host.connect());
  CHECK(host.lines_with(kBack) == 1);
  CHECK(host.take(kRoute, "a")[1].allowed);
  CHECK(host.up());
}

TEST_CASE("a Redis that refuses some keys or commands is out of service once, until it does not") {
  const RedisServer server;
  Host host(server.url());
  REQUIRE(host.connect());
  REQUIRE(host.take(kFive, "a").allowed);
  Words cured;
  std::string code;
  std::string reason;
  std::optional<Process> script;
  SECTION("keys that its user may not use") {
    REQUIRE(server.command({"ACL", "SETUSER", "default", "resetkeys", "~*{probe*"}) == "OK");
    cured = {"ACL", "SETUSER", "default", "allkeys"};
    code = reason = "NOPERM";
  }
  SECTION("a command of the script that its user may not use") {
    REQUIRE(server.command({"ACL", "SETUSER", "default", "-hincrby"}) == "OK");
    cured = {"ACL", "SETUSER", "default", "allcommands"};
    code = "ERR";
    reason = "script";  // "can't run this command", and later "ACL failure in script"
  }
  SECTION("all scripts that it knows") {
    REQUIRE(server.command({"ACL", "SETUSER", "default", "-evalsha"}) == "OK");
    cured = {"ACL", "SETUSER", "default", "allcommands"};
    code = reason = "NOPERM";
  }
  SECTION("writes, as it cannot save") {
    std::string dir = server.command({"CONFIG", "GET", "dir"});
    std::filesystem::create_directory(dir.substr(dir.find('\n') + 1) + "/dump.rdb");
    REQUIRE(server.command({"CONFIG", "SET", "save", "3600 1000000"}) == "OK");
    server.command({"BGSAVE"});
    REQUIRE(wait_until([&] {
      return server.command({"INFO", "persistence"}).find("rdb_last_bgsave_status:err") !=
             std::string::npos;
    }));
    cured = {"CONFIG", "SET", "stop-writes-on-bgsave-error", "no"};
    code = reason = "MISCONF";
  }
  SECTION("all, while a script runs") {
    REQUIRE(server.command({"CONFIG", "SET", "lua-time-limit", "1"}) == "OK");
    script.emplace(Words{"/usr/bin/redis-cli", "-s", server.url().substr(7), "EVAL",
                         "while true do end", "0"});
    REQUIRE(wait_until([&] { return server.command({"GET", "a"}).starts_with("BUSY"); }));
    cured = {"SCRIPT", "KILL"};
    code = reason = "BUSY";
  }
  CHECK(host.take(kFive, "a").remaining == 4);  // this host's answer
  REQUIRE(host.notice_loss());
  if (code == "BUSY") {  // which refuses INFO
    REQUIRE(host.turn_until([&] { return host.any_line_with(kGone); }));
  } else {
    check_stays_away(host, server, code);
  }
  CHECK(host.any_line_with(reason));
  REQUIRE(server.command(cured) == "OK");
  REQUIRE(host.connect());
  CHECK(host.lines_with(kBack) == 1);
  CHECK(host.take(kFive, "b").remaining == 4);
}
