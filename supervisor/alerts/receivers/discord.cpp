// SPDX-License-Identifier: Apache-2.0
// Discord's webhooks: one embed, and nobody is ever mentioned.
#include "supervisor/alerts/receivers/clip.hpp"
#include "supervisor/alerts/receivers/http_answer.hpp"
#include "supervisor/alerts/receivers/story.hpp"

#include <nlohmann/json.hpp>

namespace holdfast::supervisor::alerts {

namespace {

using Json = nlohmann::ordered_json;

// https://discord.com/developers/docs/resources/message#embed-object-embed-limits
constexpr std::size_t kDiscordContent = 2000;
constexpr std::size_t kDiscordTitle = 256;
constexpr std::size_t kDiscordDescription = 4096;
constexpr std::size_t kDiscordFields = 25;
constexpr std::size_t kDiscordName = 256;
constexpr std::size_t kDiscordValue = 1024;
constexpr std::size_t kDiscordFooter = 2048;
constexpr std::size_t kDiscordEmbed = 6000;

int discord_colour(const Notification& notification) {
  if (notification.test) return 9807270;
  return notification.status == AlertStatus::Resolved ? 3066993 : 10038562;
}

std::string or_dash(std::string text) {
  return text.empty() ? "-" : text;  // empty names and values are refused
}

std::string description_of(const Story& story, std::size_t most) {
  std::string text;
  for (const std::string& line : story.lines)
    text += (text.empty() ? "" : "\n") + line;
  text = clip_escaped(text, most, escape_discord);
  if (story.runbook.empty()) return text;
  const std::string runbook = "\nRunbook: " + story.runbook;
  return utf16_length(text) + utf16_length(runbook) <= kDiscordDescription ? text + runbook : text;
}

Json fields_of_embed(const Story& story, std::size_t most) {
  Json fields = Json::array();
  const std::size_t room = std::min(most, kDiscordValue);
  for (const auto& [name, value] : story.facts) {
    if (fields.size() == kDiscordFields) return fields;
    fields.push_back({{"name", or_dash(clip(name, kDiscordName))},
                      {"value", or_dash(clip_escaped(value, room, escape_discord))},
                      {"inline", value.size() <= 40}});
  }
  for (const Story::Block& block : story.blocks) {
    const std::string code =
        code_block(block.text, room, block.keep_end ? Keep::End : Keep::Beginning, escape_nothing);
    if (code.empty()) continue;
    if (fields.size() == kDiscordFields) return fields;
    fields.push_back({{"name", or_dash(clip(block.title, kDiscordName))}, {"value", code}});
  }
  return fields;
}

std::size_t length_of_embed(const Json& embed) {
  std::size_t length = 0;
  const auto add = [&](const Json& text) { length += utf16_length(text.get<std::string>()); };
  add(embed.at("title"));
  if (embed.contains("description")) add(embed.at("description"));
  add(embed.at("footer").at("text"));
  for (const Json& field : embed.at("fields")) {
    add(field.at("name"));
    add(field.at("value"));
  }
  return length;
}

Json embed_of(const Notification& notification, const Story& story) {
  Json embed;
  for (std::size_t most = kDiscordValue;; most /= 2) {
    embed = {{"title", clip(story.title, kDiscordTitle)},
             {"color", discord_colour(notification)},
             {"timestamp", format_rfc3339(notification.made_at)}};
    const std::string description = description_of(story, std::min(kDiscordDescription, 2 * most));
    if (!description.empty()) embed["description"] = description;
    embed["fields"] = fields_of_embed(story, most);
    embed["footer"] = {{"text", clip(story.footer, most < 16 ? 100 : kDiscordFooter)}};
    if (length_of_embed(embed) <= kDiscordEmbed || most < 16) return embed;
  }
}

std::string with_wait(const std::string& url) {
  if (url.find("wait=") != std::string::npos) return url;
  return url + (url.find('?') == std::string::npos ? "?wait=true" : "&wait=true");
}

Request render_discord(const Target& target, const Notification& notification, bool minimal,
                       WallTime) {
  const Story story = tell(notification);
  Json message{{"username", "holdfast"}, {"allowed_mentions", {{"parse", Json::array()}}}};
  if (minimal) {
    message["content"] = clip_escaped(story.headline, kDiscordContent, escape_discord);
  } else {
    message["embeds"] = Json::array({embed_of(notification, story)});
  }
  HttpRequest request{
      with_wait(target.url), {}, message.dump(-1, ' ', false, Json::error_handler_t::replace)};
  request.headers.set("Content-Type", "application/json");
  return request;
}

}  // namespace

const ReceiverKind kDiscord{"discord", false, render_discord, judge_http};

}  // namespace holdfast::supervisor::alerts
