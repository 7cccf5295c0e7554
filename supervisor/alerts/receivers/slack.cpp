// SPDX-License-Identifier: Apache-2.0
// Slack's incoming webhooks, and what imitates them (Mattermost, Rocket.Chat): blocks inside an
// attachment, which gives them their colour.
#include "common/text/ascii.hpp"
#include "supervisor/alerts/receivers/clip.hpp"
#include "supervisor/alerts/receivers/http_answer.hpp"
#include "supervisor/alerts/receivers/story.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::supervisor::alerts {

namespace {

using Json = nlohmann::ordered_json;

// https://api.slack.com/reference/block-kit/blocks; the last is what is accepted in all.
constexpr std::size_t kSlackBlocks = 50;
constexpr std::size_t kSlackHeader = 150;
constexpr std::size_t kSlackSection = 3000;
constexpr std::size_t kSlackFields = 10;
constexpr std::size_t kSlackField = 2000;
constexpr std::size_t kSlackText = 1000;
constexpr std::size_t kSlackMessage = 10'000;

std::string dump_message(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

const char* colour_of(const Notification& notification) {
  if (notification.test) return "#95A5A6";
  if (notification.status == AlertStatus::Resolved) return "#2ECC71";
  switch (notification.severity) {
    case Severity::Critical: return "#992D22";
    case Severity::Warning: return "#E67E22";
    case Severity::Info: return "#3498DB";
  }
  return "#95A5A6";
}

Json mrkdwn(std::string text) {
  return {{"type", "mrkdwn"}, {"text", std::move(text)}};
}

Json slack_section(std::string text) {
  return {{"type", "section"}, {"text", mrkdwn(std::move(text))}};
}

std::string runbook_text(const std::string& runbook) {
  if (runbook.empty()) return {};
  constexpr std::size_t kMostLink = 500;
  const std::string shown = clip_escaped(runbook, kMostLink, escape_slack);
  const bool link = is_link(runbook) && runbook.find_first_of("|>\n ") == std::string::npos &&
                    runbook.size() < kMostLink;
  return link ? "<" + shown + "|runbook>" : "runbook: " + shown;
}

// `most`: for each preformatted block.
Json blocks_of(const Story& story, std::size_t most) {
  Json blocks = Json::array();
  blocks.push_back({{"type", "header"},
                    {"text", {{"type", "plain_text"}, {"text", clip(story.title, kSlackHeader)}}}});
  std::string text;
  for (const std::string& line : story.lines)
    text += (text.empty() ? "" : "\n") + line;
  if (!text.empty()) {
    const std::size_t room = std::min(kSlackSection, 1200 + most);
    blocks.push_back(slack_section(clip_escaped(text, room, escape_slack)));
  }
  Json fields = Json::array();
  for (const auto& [name, value] : story.facts) {
    if (fields.size() == kSlackFields) break;
    const std::string title = "*" + name + "*\n";
    const std::size_t room = std::min(kSlackField, 200 + most) - title.size();
    fields.push_back(mrkdwn(title + clip_escaped(value, room, escape_slack)));
  }
  if (!fields.empty()) blocks.push_back({{"type", "section"}, {"fields", std::move(fields)}});
  for (const Story::Block& block : story.blocks) {
    if (blocks.size() + 1 >= kSlackBlocks) break;
    const std::string title = "*" + block.title + "*\n";
    const std::string code = code_block(block.text, std::min(most, kSlackSection - title.size()),
                                        block.keep_end ? Keep::End : Keep::Beginning, escape_slack);
    if (!code.empty()) blocks.push_back(slack_section(title + code));
  }
  const std::string runbook = runbook_text(story.runbook);
  std::string context = clip_escaped(story.footer, kSlackText, escape_slack);
  if (!runbook.empty()) context += " | " + runbook;
  blocks.push_back({{"type", "context"}, {"elements", Json::array({mrkdwn(context)})}});
  return blocks;
}

std::string slack_body(const Notification& notification, bool minimal) {
  const Story story = tell(notification);
  Json message{{"text", clip_escaped(story.headline, kSlackText, escape_slack)},
               {"unfurl_links", false},
               {"unfurl_media", false}};
  if (minimal) return dump_message(message);
  for (std::size_t most = kSlackSection;; most /= 2) {
    message["attachments"] =
        Json::array({{{"color", colour_of(notification)},
                      {"fallback", clip_escaped(story.headline, kSlackText, escape_slack)},
                      {"blocks", blocks_of(story, most)}}});
    std::string body = dump_message(message);
    if (utf16_length(body) <= kSlackMessage) return body;
    if (most < 16) break;
  }
  message.erase("attachments");
  return dump_message(message);
}

Request render_slack(const Target& target, const Notification& notification, bool minimal,
                     WallTime) {
  HttpRequest request{target.url, {}, slack_body(notification, minimal)};
  request.headers.set("Content-Type", "application/json");
  return request;
}

// Slack says "ok", Mattermost too, Rocket.Chat {"success":true}, others nothing at all. Whatever
// accepts a message in words of its own must not get it again and again.
bool is_acceptance(std::string_view body) {
  if (body.starts_with('<')) return false;  // a page of some proxy has a 200 as well
  if (!body.starts_with('{')) return true;
  const Json object = Json::parse(body, nullptr, false);
  const auto denied = [&](const char* name) {
    const auto found = object.find(name);
    return found != object.end() && *found == false;
  };
  return !object.is_object() || (!denied("ok") && !denied("success"));
}

Verdict judge_slack(const Answer& answer, WallTime now) {
  Verdict verdict = judge_http(answer, now);
  if (verdict.kind != Verdict::Kind::Delivered) return verdict;
  const http::Response& response = **std::get_if<Result<http::Response>>(&answer);
  if (is_acceptance(text::trim(response.body, text::kWhitespace))) return verdict;
  return {
      Verdict::Kind::Retry, "server", "the answer is not Slack's \"ok\": " + verdict.detail, {}};
}

}  // namespace

const ReceiverKind kSlack{"slack", false, render_slack, judge_slack};

}  // namespace holdfast::supervisor::alerts
