// SPDX-License-Identifier: Apache-2.0
// What receivers are sent: the exact texts of one crash, and the limits of each service.
#include "common/auth/digest.hpp"
#include "common/text/hex.hpp"
#include "common/text/utf8.hpp"
#include "supervisor/alerts/notification_json.hpp"
#include "supervisor/alerts/receivers/clip.hpp"
#include "supervisor/alerts/receivers/kind.hpp"
#include "supervisor/alerts/receivers/story.hpp"
#include "supervisor/alerts/transport.hpp"
#include "tests/support/catch.hpp"
#include "tests/unit/delivery/samples.hpp"

#include <nlohmann/json.hpp>

#include <cstdlib>
#include <fstream>
#include <sstream>

using namespace holdfast;
using namespace holdfast::supervisor::alerts;
using nlohmann::json;

namespace {

const WallTime kRenderedAt = from_unix_ms(1'795'434'165'000);

HttpRequest render(const ReceiverKind& kind, const Notification& notification, bool minimal = false,
                   const std::string& secret = "") {
  const config::AlertReceiver receiver;
  const Target target{receiver, "https://example.org/hook", secret, ""};
  return std::get<HttpRequest>(kind.render(target, notification, minimal, kRenderedAt));
}

json body_of(const ReceiverKind& kind, const Notification& notification, bool minimal = false) {
  return json::parse(render(kind, notification, minimal).body);
}

// With HOLDFAST_WRITE_GOLDEN=1 in the environment, the file is written instead.
void check_golden(const std::string& name, const std::string& body) {
  const std::string file = std::string(HOLDFAST_SOURCE_DIR) + "/tests/unit/delivery/golden/" + name;
  const std::string text = nlohmann::ordered_json::parse(body).dump(2) + "\n";
  if (std::getenv("HOLDFAST_WRITE_GOLDEN") != nullptr) std::ofstream(file) << text;
  std::ostringstream golden;
  golden << std::ifstream(file).rdbuf();
  CHECK(text == golden.str());
}

Notification many(std::size_t count) {
  Notification message = samples::notification("HoldfastWorkerCrashed", 1);
  message.alerts.clear();
  for (std::size_t i = 0; i < count; ++i) {
    Alert alert = samples::alert("HoldfastWorkerCrashed");
    alert.key.target = "web." + std::to_string(i);
    alert.summary = "crashed";
    message.alerts.push_back(alert);
  }
  return message;
}

// Each text of a message, wherever it stands.
void visit_texts(const json& value, const std::function<void(const std::string&)>& visit) {
  if (value.is_string()) visit(value.get<std::string>());
  if (value.is_structured()) {
    for (const auto& item : value)
      visit_texts(item, visit);
  }
}

}  // namespace

TEST_CASE("a crash, as each receiver gets it") {
  check_golden("slack.json", render(kSlack, samples::crash()).body);
  check_golden("discord.json", render(kDiscord, samples::crash()).body);
  check_golden("webhook.json", render(kWebhook, samples::crash()).body);
  check_golden("alertmanager.json", render(kAlertmanager, samples::crash()).body);
}

TEST_CASE("the end of an alert, as each receiver gets it") {
  const Notification over =
      samples::notification("HoldfastWorkerCrashed", 2, AlertStatus::Resolved);
  check_golden("slack_resolved.json", render(kSlack, over).body);
  check_golden("discord_resolved.json", render(kDiscord, over).body);
  check_golden("webhook_resolved.json", render(kWebhook, over).body);
  check_golden("alertmanager_resolved.json", render(kAlertmanager, over).body);
}

TEST_CASE("several alerts are one message of at most ten lines") {
  check_golden("slack_group.json", render(kSlack, many(12)).body);
  const Story story = tell(many(12));
  REQUIRE(story.lines.size() == 11);
  CHECK(story.lines.back() == "+2 more");
  CHECK(story.title == "FIRING: HoldfastWorkerCrashed (12) (critical)");
  Notification more = many(10);
  more.more = 5;
  CHECK(tell(more).lines.back() == "+5 more");
  CHECK(tell(many(10)).lines.size() == 10);
}

TEST_CASE("a title says what kind of message it is") {
  Notification message = samples::notification("A", 1);
  CHECK(tell(message).title == "FIRING: A api-worker.0 (critical)");
  message.still_firing = true;
  CHECK(tell(message).title == "STILL FIRING: A api-worker.0 (critical)");
  message.test = true;
  CHECK(tell(message).title == "TEST: A api-worker.0 (critical)");
  CHECK(tell(samples::notification("A", 1, AlertStatus::Resolved)).title ==
        "RESOLVED: A api-worker.0 (critical)");
}

TEST_CASE("Slack's limits hold, whatever workers write") {
  for (const Notification& message : {samples::monster(), many(500)}) {
    const std::string text = render(kSlack, message).body;
    CHECK(utf16_length(text) <= 10'000);
    CHECK(text::is_utf8(text));
    const json body = json::parse(text);
    REQUIRE(body.contains("attachments"));
    const json& blocks = body["attachments"][0]["blocks"];
    CHECK(blocks.size() <= 50);
    for (const json& block : blocks) {
      if (block["type"] == "header")
        CHECK(utf16_length(block["text"]["text"].get<std::string>()) <= 150);
      if (block["type"] != "section") continue;
      if (block.contains("text"))
        CHECK(utf16_length(block["text"]["text"].get<std::string>()) <= 3000);
      const json fields = block.value("fields", json::array());
      CHECK(fields.size() <= 10);
      for (const json& field : fields)
        CHECK(utf16_length(field["text"].get<std::string>()) <= 2000);
    }
    visit_texts(body, [](const std::string& one) {
      INFO(one);
      CHECK(one.find("<!channel>") == std::string::npos);
      CHECK(one.find('\x1b') == std::string::npos);
    });
  }
}

TEST_CASE("fences of a code block are the only ones in a text") {
  const auto count = [](const std::string& text) {
    std::size_t fences = 0;
    for (auto at = text.find("```"); at != std::string::npos; at = text.find("```", at + 3))
      ++fences;
    return fences;
  };
  for (const ReceiverKind* kind : {&kSlack, &kDiscord}) {
    const json body = body_of(*kind, samples::monster());
    visit_texts(kind == &kSlack ? body["attachments"] : body["embeds"][0]["fields"],
                [&](const std::string& one) {
                  INFO(one);
                  CHECK(count(one) % 2 == 0);
                });
  }
}

TEST_CASE("Discord's limits hold, and nobody is mentioned") {
  for (const Notification& message : {samples::monster(), many(500), samples::crash()}) {
    const std::string text = render(kDiscord, message).body;
    CHECK(text::is_utf8(text));
    const json body = json::parse(text);
    CHECK(body["allowed_mentions"] == json{{"parse", json::array()}});
    REQUIRE(body["embeds"].size() == 1);
    const json& embed = body["embeds"][0];
    std::size_t total = 0;
    const auto within = [&](const json& value, std::size_t most) {
      const std::size_t length = utf16_length(value.get<std::string>());
      CHECK(length > 0);
      CHECK(length <= most);
      total += length;
    };
    within(embed["title"], 256);
    within(embed["description"], 4096);
    within(embed["footer"]["text"], 2048);
    CHECK(embed["fields"].size() <= 25);
    for (const json& field : embed["fields"]) {
      within(field["name"], 256);
      within(field["value"], 1024);
    }
    CHECK(total <= 6000);
  }
}

TEST_CASE("the plainest form of each message still says what it is about") {
  const json slack = body_of(kSlack, samples::crash(), true);
  CHECK_FALSE(slack.contains("attachments"));
  CHECK(slack["text"] ==
        "[FIRING] HoldfastWorkerCrashed api-worker.0 on host-1: api-worker.0 crashed: signal 11 "
        "(SIGSEGV) after 3 h 12 min");
  const json discord = body_of(kDiscord, samples::crash(), true);
  CHECK_FALSE(discord.contains("embeds"));
  CHECK(discord["content"].get<std::string>().starts_with("\\[FIRING\\] HoldfastWorkerCrashed"));
  CHECK(discord.contains("allowed_mentions"));
  CHECK(utf16_length(body_of(kDiscord, samples::monster(), true)["content"].get<std::string>()) <=
        2000);
  CHECK_FALSE(body_of(kWebhook, samples::crash(), true).contains("holdfast"));
  CHECK_FALSE(body_of(kAlertmanager, samples::crash(), true)[0].contains("annotations"));
}

TEST_CASE("Discord is asked to wait for the message, once") {
  const config::AlertReceiver receiver;
  const auto url_of = [&](const std::string& url) {
    const Target target{receiver, url, "", ""};
    return std::get<HttpRequest>(kDiscord.render(target, samples::crash(), false, kRenderedAt)).url;
  };
  CHECK(url_of("https://discord.com/api/webhooks/1/x") ==
        "https://discord.com/api/webhooks/1/x?wait=true");
  CHECK(url_of("https://discord.com/api/webhooks/1/x?thread_id=2") ==
        "https://discord.com/api/webhooks/1/x?thread_id=2&wait=true");
  CHECK(url_of("https://discord.com/api/webhooks/1/x?wait=true") ==
        "https://discord.com/api/webhooks/1/x?wait=true");
}

TEST_CASE("a webhook's signature covers its time and its body") {
  const HttpRequest request = render(kWebhook, samples::crash(), false, "sesame");
  REQUIRE(request.headers.find("X-Holdfast-Timestamp") != nullptr);
  CHECK(*request.headers.find("X-Holdfast-Timestamp") == "1795434165");
  CHECK(*request.headers.find("X-Holdfast-Signature") ==
        "sha256=" + text::to_hex(auth::hmac_sha256("sesame", "1795434165." + request.body)));
  CHECK(*request.headers.find("Idempotency-Key") == "HoldfastWorkerCrashed-1");
  CHECK(render(kWebhook, samples::crash()).headers.find("X-Holdfast-Signature") == nullptr);
}

TEST_CASE("HMAC-SHA256 as RFC 4231 has it") {
  CHECK(text::to_hex(auth::hmac_sha256(std::string(20, '\x0b'), "Hi There")) ==
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
  CHECK(text::to_hex(auth::hmac_sha256("Jefe", "what do ya want for nothing?")) ==
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  CHECK(text::to_hex(auth::hmac_sha256("", "")) ==
        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
}

TEST_CASE("Alertmanager is told until when an alert fires, or when it ended") {
  const json firing = body_of(kAlertmanager, samples::crash())[0];
  CHECK(firing["endsAt"] == format_rfc3339(kRenderedAt + std::chrono::minutes(5)));
  CHECK(firing["labels"]["alertname"] == "HoldfastWorkerCrashed");
  // What changes while an alert lasts would make it another one.
  Notification later = samples::crash();
  later.alerts[0].count = 99;
  later.alerts[0].summary = "something else";
  CHECK(body_of(kAlertmanager, later)[0]["labels"] == firing["labels"]);
  const json over = body_of(kAlertmanager, samples::notification("A", 1, AlertStatus::Resolved))[0];
  CHECK(over["endsAt"] == "2026-11-23T11:44:13.482Z");
}

TEST_CASE("what is printed of a request has no secret") {
  HttpRequest request = render(kWebhook, samples::crash(), false, "sesame");
  request.url = "https://user.example/hook/5f9d2c?token=abc";
  request.headers.set("Authorization", "Bearer abc");
  const std::string shown = show_request(request);
  CHECK(shown.starts_with("POST https://user.example:443/***\n"));
  CHECK(shown.find("5f9d2c") == std::string::npos);
  CHECK(shown.find("abc\n") == std::string::npos);
  CHECK(shown.find("X-Holdfast-Signature: [Redacted]") != std::string::npos);
  CHECK(shown.find("HoldfastWorkerCrashed") != std::string::npos);
  const std::string command =
      show_request(CommandRequest{{"/bin/alert", "--token", "abc-def"}, "{}"});
  CHECK(command.find("abc-def") == std::string::npos);
}

TEST_CASE("secrets in what workers wrote do not leave") {
  Notification message = samples::crash();
  auto report = *message.alerts[0].crash;
  report.last_lines = {"PASSWORD=hunter22 postgresql://app:hunter22@db/app"};
  message.alerts[0].crash = std::make_shared<const holdfast::supervisor::CrashReport>(report);
  for (const ReceiverKind* kind : {&kSlack, &kDiscord, &kWebhook})
    CHECK(render(*kind, message).body.find("hunter22") == std::string::npos);
}

TEST_CASE("the outbox keeps every part of a notification") {
  for (Notification message :
       {samples::crash(), many(3), samples::notification("A", 1, AlertStatus::Resolved)}) {
    message.more = 3;
    message.note = "note";
    message.still_firing = true;
    message.alerts[0].errors = {{kRenderedAt, "w", "m", "t", "s", "r"}};
    message.alerts[0].suppressed = 7;
    const auto again = notification_from_json(to_json(message));
    REQUIRE(again);
    CHECK(to_json(*again) == to_json(message));
    for (const ReceiverKind* kind : {&kSlack, &kDiscord, &kWebhook, &kAlertmanager})
      CHECK(render(*kind, *again).body == render(*kind, message).body);
  }
  CHECK_FALSE(notification_from_json("{"));
  CHECK_FALSE(notification_from_json("{}"));
  CHECK_FALSE(notification_from_json(R"({"id":7})"));
  CHECK(notification_from_json(R"({"id":"x","from":"the future"})"));
}
