// SPDX-License-Identifier: Apache-2.0
#include "common/config/receiver_types.hpp"

#include "common/net/url.hpp"
#include "common/os/file.hpp"
#include "common/text/ascii.hpp"

#include <algorithm>
#include <array>

namespace holdfast::config {

namespace {

constexpr std::array<ReceiverType, 5> kTypes{{
    {"slack", true, false, true},
    {"discord", true, false, true},
    {"webhook", true, true, false},
    {"alertmanager", true, false, false},
    {"command", false, false, false},
}};

bool is_below(std::string_view host, std::string_view domain) {
  return host == domain || (host.size() > domain.size() && host.ends_with(domain) &&
                            host[host.size() - domain.size() - 1] == '.');
}

// Not the host, which people need to see.
void note_path(const std::string& text, std::set<std::string>& secrets) {
  const auto url = net::parse_url(text);
  if (url && url->target.size() > 1) secrets.insert(url->target);
}

}  // namespace

std::span<const ReceiverType> receiver_types() {
  return kTypes;
}

const ReceiverType* find_receiver_type(std::string_view name) {
  const auto* const found = std::find_if(
      kTypes.begin(), kTypes.end(), [&](const ReceiverType& type) { return name == type.name; });
  return found == kTypes.end() ? nullptr : found;
}

std::string receiver_type_of(std::string_view url) {
  const auto parsed = net::parse_url(url);
  const std::string host = parsed ? text::to_lower(parsed->host) : std::string();
  if (is_below(host, "hooks.slack.com")) return "slack";
  if (is_below(host, "discord.com") || is_below(host, "discordapp.com")) return "discord";
  return "webhook";
}

Result<std::string> secret_of(const std::string& text, const std::filesystem::path& file,
                              Pipes pipes) {
  if (file.empty()) return text;
  constexpr std::size_t kLargest = 64u << 10;
  HOLDFAST_TRY_ASSIGN(std::string content, read_file(file, kLargest, pipes));
  // What editors put before and behind it.
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (content.starts_with(kByteOrderMark)) content.erase(0, kByteOrderMark.size());
  while (!content.empty() && (content.back() == '\n' || content.back() == '\r'))
    content.pop_back();
  if (content.empty())
    return fail(ErrorKind::InvalidArgument, fmt::format("'{}' is empty", file.native()));
  return content;
}

void note_receiver_secrets(Config& config) {
  for (const auto& [name, receiver] : config.alert_receivers) {
    if (receiver.type != "alertmanager") note_path(receiver.url, config.secrets);
    for (const std::string* secret : {&receiver.secret, &receiver.authorization}) {
      if (!secret->empty()) config.secrets.insert(*secret);
    }
  }
  note_path(config.alert_ping.url, config.secrets);
  if (!config.embedding.api_key.empty()) config.secrets.insert(config.embedding.api_key);
}

}  // namespace holdfast::config
