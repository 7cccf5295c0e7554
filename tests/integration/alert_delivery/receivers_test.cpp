// SPDX-License-Identifier: Apache-2.0
// `holdfast alert test` against a supervisor that runs, and servers that play the receivers.
#include "tests/support/catch.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/stack.hpp"

#include <atomic>
#include <fstream>

using namespace holdfast::test;
using nlohmann::json;
using Way = PeerReply::Way;

namespace {

// Nothing but the receivers.
const char* const kProgram =
    "[program.idle]\ncommand = [\"sleep\", \"1000\"]\nready = \"started\"\n";

std::string receiver(const std::string& name, const std::string& type, const std::string& url,
                     const std::string& more = "") {
  return "[alert_receiver." + name + "]\ntype = \"" + type + "\"\nurl = \"" + url +
         "\"\ntimeout = \"" + (sanitized() ? "5s" : "1s") + "\"\n" + more;
}

// As Slack answers, to what Slack accepts.
PeerReply play_slack(const PeerRequest& request) {
  const json body = json::parse(request.body, nullptr, false);
  if (request.method != "POST" || !body.is_object() || !body.contains("text"))
    return {.status = 400, .body = "invalid_payload"};
  if (request.target != "/services/T000/B000/XXXX") return {.status = 404, .body = "no_team"};
  return {.body = "ok"};
}

PeerReply play_discord(const PeerRequest& request) {
  const json body = json::parse(request.body, nullptr, false);
  const bool valid = body.is_object() && (body.contains("content") || body.contains("embeds"));
  if (!valid)
    return {.status = 400, .body = R"({"code":50006,"message":"Cannot send an empty message"})"};
  if (request.target.find("wait=true") == std::string::npos) return {.status = 204};
  return {.body = R"({"id":"1"})"};
}

}  // namespace

TEST_CASE("a test message reaches every receiver, and says what was sent and answered") {
  HttpPeer slack(play_slack);
  HttpPeer discord(play_discord);
  HttpPeer webhook([](const PeerRequest&) { return PeerReply{.status = 202}; });
  Stack stack(std::string(kProgram) + receiver("chat", "slack", "${CHAT_URL}") +
                  receiver("games", "discord", discord.url("/api/webhooks/1/token-5f9d2c")) +
                  receiver("hook", "webhook", webhook.url("/in"), "secret = \"${HOOK_SECRET}\"\n"),
              {{"CHAT_URL", slack.url("/services/T000/B000/XXXX")}, {"HOOK_SECRET", "sesame"}});
  stack.wait_ready();
  const auto answer = stack.command({"alert", "test"});
  INFO(answer.output);
  CHECK(answer.exit_code == 0);
  CHECK(answer.output.find("chat (slack): delivered\n") != std::string::npos);
  CHECK(answer.output.find("HTTP 200 OK: ok") != std::string::npos);
  CHECK(answer.output.find("games (discord): delivered\n") != std::string::npos);
  CHECK(answer.output.find("hook (webhook): delivered\n") != std::string::npos);
  CHECK(answer.output.find("HTTP 202 Accepted") != std::string::npos);
  CHECK(answer.output.find("[TEST] HoldfastTest") != std::string::npos);
  // No part of a secret.
  CHECK(answer.output.find("T000") == std::string::npos);
  CHECK(answer.output.find("5f9d2c") == std::string::npos);
  CHECK(answer.output.find("sesame") == std::string::npos);

  CHECK(json::parse(discord.seen().at(0).body)["embeds"][0]["title"] ==
        "TEST: HoldfastTest (info)");
  const PeerRequest hook = webhook.seen().at(0);
  CHECK(hook.headers.at("x-holdfast-signature").starts_with("sha256="));
  CHECK(json::parse(hook.body)["version"] == "4");
  CHECK(json::parse(hook.body)["holdfast"]["test"] == true);

  const auto one = stack.command({"alert", "test", "--receiver", "hook", "--json"});
  CHECK(one.exit_code == 0);
  const json report = json::parse(one.output);
  CHECK(report["ok"] == true);
  REQUIRE(report["reports"].size() == 1);
  CHECK(report["reports"][0]["receiver"] == "hook");
  CHECK(slack.seen().size() == 1);
}

TEST_CASE("a chat that accepts a message in words of its own gets it once") {
  std::vector<std::unique_ptr<HttpPeer>> peers;
  std::string configuration = kProgram;
  const PeerReply replies[] = {{.body = R"({"success":true})"},
                               {.body = R"({"result":"success","msg":""})"},
                               {.body = "\"ok\""},
                               {.body = "OK\n"},
                               {.status = 204},
                               {.status = 202}};
  for (const PeerReply& reply : replies) {
    peers.push_back(std::make_unique<HttpPeer>([reply](const PeerRequest&) { return reply; }));
    configuration += receiver("r" + std::to_string(peers.size()), "slack", peers.back()->url());
  }
  Stack stack(configuration);
  stack.wait_ready();
  const auto answer = stack.command({"alert", "test"});
  INFO(answer.output);
  CHECK(answer.exit_code == 0);
  for (const auto& peer : peers)
    CHECK(peer->seen().size() == 1);
}

TEST_CASE("each receiver that fails is named with what it did, and the command fails") {
  const std::pair<PeerReply, const char*> table[] = {
      {{.status = 429, .body = R"({"retry_after":1,"error":"rate_limited"})"}, "HTTP 429"},
      {{.status = 500, .body = "rollup_error"}, "HTTP 500 Internal Server Error: rollup_error"},
      {{.status = 403, .body = "invalid_token"}, "HTTP 403 Forbidden: invalid_token"},
      {{.status = 302, .headers = {{"Location", "/elsewhere"}}}, "redirects are not followed"},
      {{.way = Way::Close}, "the response is missing, truncated or malformed"},
      {{.way = Way::Silent}, "no complete response in time"},
      {{.way = Way::Drip}, "no complete response in time"},
      {{.body = "<html>sign in</html>"}, "the answer is not Slack's \"ok\""},
      {{.body = R"({"success": false})"}, "the answer is not Slack's \"ok\""},
  };
  std::vector<std::unique_ptr<HttpPeer>> peers;
  std::string configuration = kProgram;
  for (const auto& [reply, message] : table) {
    peers.push_back(
        std::make_unique<HttpPeer>([reply = reply](const PeerRequest&) { return reply; }));
    configuration += receiver("r" + std::to_string(peers.size()), "slack", peers.back()->url());
  }
  Stack stack(configuration);
  stack.wait_ready();
  const auto answer = stack.command({"alert", "test"});
  INFO(answer.output);
  CHECK(answer.exit_code == 1);
  for (const auto& [reply, message] : table) {
    INFO(message);
    CHECK(answer.output.find(message) != std::string::npos);
  }
  CHECK(answer.output.find(": delivered") == std::string::npos);
}

TEST_CASE("a certificate that is not for the receiver, or of nobody, is refused") {
  const TempDir dir;
  const TestAuthority authority(dir.path().native());
  HttpPeer right(play_slack, authority.issue("localhost"));
  HttpPeer wrong(play_slack, authority.issue("other.example"));
  const std::string trust = "ca_file = \"" + authority.ca_file() + "\"\n";
  const std::string path = "/services/T000/B000/XXXX";
  Stack stack(std::string(kProgram) + receiver("right", "slack", right.url(path), trust) +
              receiver("unknown", "slack", right.url(path)) +
              receiver("wrong", "slack", wrong.url(path), trust));
  stack.wait_ready();
  CHECK(stack.command({"alert", "test", "--receiver", "right"}).exit_code == 0);
  for (const char* name : {"unknown", "wrong"}) {
    const auto answer = stack.command({"alert", "test", "--receiver", name});
    INFO(answer.output);
    CHECK(answer.exit_code == 1);
    CHECK(answer.output.find("its certificate is not valid") != std::string::npos);
  }
  CHECK(right.seen().size() == 1);
  CHECK(wrong.seen().empty());
}

TEST_CASE("a command is run, its exit code counts, and the reaper leaves it alone") {
  Stack stack(
      std::string(kProgram) +
          "[alert_receiver.good]\ncommand = [\"sh\", \"-c\", \"read line && test -n "
          "\\\"$line\\\" && test -z \\\"$STATUS_TOKEN\\\"\"]\n"
          "[alert_receiver.bad]\ncommand = [\"sh\", \"-c\", \"echo no pager >&2; exit 3\"]\n"
          "[alert_receiver.none]\ncommand = [\"/nonexistent/pager\"]\n"
          "[alert_receiver.slow]\ncommand = [\"sleep\", \"1000\"]\ntimeout = \"1s\"\n",
      {{"STATUS_TOKEN", "sesame"}});
  stack.wait_ready();
  for (int i = 0; i < 20; ++i) {
    const auto good = stack.command({"alert", "test", "--receiver", "good"});
    INFO(good.output);
    REQUIRE(good.exit_code == 0);
  }
  const auto bad = stack.command({"alert", "test", "--receiver", "bad"});
  CHECK(bad.exit_code == 1);
  CHECK(bad.output.find("exit 3: no pager") != std::string::npos);
  const auto none = stack.command({"alert", "test", "--receiver", "none"});
  CHECK(none.output.find("cannot start '/nonexistent/pager'") != std::string::npos);
  const auto slow = stack.command({"alert", "test", "--receiver", "slow"});
  CHECK(slow.output.find("had not ended in time and was killed") != std::string::npos);
}

TEST_CASE("without receivers, or for one that does not exist, it says what to do") {
  Stack stack{kProgram};
  stack.wait_ready();
  const auto none = stack.command({"alert", "test"});
  CHECK(none.exit_code == 1);
  CHECK(none.output.find("no receiver of alerts is configured") != std::string::npos);
  const auto other = stack.command({"alert", "test", "--receiver", "ops"});
  CHECK(other.exit_code == 2);
  CHECK(other.output.find("there is no [alert_receiver.ops]") != std::string::npos);
  CHECK(stack.command({"alert"}).exit_code == 2);
}

TEST_CASE("a reload brings a new receiver, and the metrics name every one") {
  HttpPeer peer(play_slack);
  Stack stack(std::string(kProgram) +
              receiver("first", "slack", peer.url("/services/T000/B000/XXXX")));
  stack.wait_ready();
  stack.write_config(std::string(kProgram) +
                     receiver("second", "slack", peer.url("/services/T000/B000/XXXX")));
  CHECK(stack.command({"reload"}).exit_code == 0);
  CHECK(stack.command({"alert", "test", "--receiver", "second"}).exit_code == 0);
  CHECK(stack.command({"alert", "test", "--receiver", "first"}).exit_code == 2);
  const std::string metrics = stack.metrics();
  CHECK(metrics.find("holdfast_notification_queue_length{receiver=\"second\"} 0") !=
        std::string::npos);
  CHECK(metrics.find("receiver=\"first\"") == std::string::npos);
}

TEST_CASE("ALERT_WEBHOOK_URL alone makes a receiver, and the dead-man's switch is asked") {
  HttpPeer peer([](const PeerRequest&) { return PeerReply{}; });
  Stack stack(std::string(kProgram) + "[alert_ping]\nurl = \"" + peer.url("/ping") + "\"\n",
              {{"ALERT_WEBHOOK_URL", peer.url("/in")}});
  stack.wait_ready();
  CHECK(peer.wait_seen(1));
  CHECK(stack.command({"alert", "test"}).exit_code == 0);
  std::vector<std::string> targets;
  for (const PeerRequest& request : peer.seen())
    targets.push_back(request.method + " " + request.target);
  CHECK(std::count(targets.begin(), targets.end(), "GET /ping") == 1);
  CHECK(std::count(targets.begin(), targets.end(), "POST /in") == 1);
}
