// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/crash_answers.hpp"

#include "common/protocol/names.hpp"
#include "common/text/number.hpp"
#include "supervisor/logs/recent_lines.hpp"
#include "supervisor/state/choose.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace holdfast::supervisor::status {

namespace {

constexpr std::size_t kMostListed = 10'000;
constexpr std::string_view kLatest = "latest";

http::Response not_stored(http::Response response) {
  response.headers.set("Cache-Control", "no-store");
  return response;
}

http::Response refusal(int status, std::string_view detail) {
  const nlohmann::ordered_json body{{"type", "about:blank"},
                                    {"title", http::reason_phrase(status)},
                                    {"status", status},
                                    {"detail", detail}};
  http::Response response = http::Response::json(
      status, body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  response.headers.set("Content-Type", "application/problem+json");
  return response;
}

// Which reports the request is about. A program that is gone may have left some.
Result<CrashStore::Matches> matches_of(const CrashStore& crashes, const FleetSnapshot& snapshot,
                                       const http::Request& request) {
  std::vector<std::string> names = request.query_values("name");
  std::erase(names, std::string());
  if (names.empty()) return CrashStore::Matches{};
  std::vector<std::string> wanted = names;
  for (const std::string& name : names) {
    const core::Selection selection = select({name}, snapshot.view);
    for (const core::Chosen& one : selection.chosen) {
      if (one.whole) wanted.push_back(snapshot.view.programs[one.program].config->name);
    }
    if (selection.error.empty()) continue;
    const auto left = crashes.list(
        1, [&](const CrashEntry& entry) { return logs::names_worker(name, entry.worker); });
    if (left.empty()) return fail(ErrorKind::NotFound, selection.error);
  }
  return CrashStore::Matches(
      [wanted](const CrashEntry& entry) { return logs::name_worker(wanted, entry.worker); });
}

std::string list_json(const std::vector<CrashEntry>& entries) {
  std::string out = R"({"crashes":[)";
  for (const CrashEntry& entry : entries) {
    if (out.back() == '}') out += ',';
    out += entry.public_json;
  }
  return out + "]}";
}

}  // namespace

bool is_crash_path(std::string_view path) {
  const std::string_view crashes = protocol::kCrashesPath;
  return path == crashes || (path.starts_with(crashes) && path[crashes.size()] == '/');
}

void answer_crashes(CrashStore& crashes, const FleetSnapshot& snapshot,
                    const http::Request& request, bool whole, http::Responder respond) {
  const auto matches = matches_of(crashes, snapshot, request);
  if (!matches) return respond(refusal(404, matches.error().message));
  const std::string_view path = request.path;
  if (path == protocol::kCrashesPath) {
    const std::string* const limit = request.query_value("limit");
    const auto wanted = limit == nullptr ? std::nullopt : text::parse_number<std::uint64_t>(*limit);
    const auto count = static_cast<std::size_t>(
        std::min<std::uint64_t>(wanted.value_or(kMostListed), kMostListed));
    return respond(not_stored(http::Response::json(200, list_json(crashes.list(count, *matches)))));
  }
  if (!whole) {
    return respond(refusal(403,
                           "a crash report holds log lines and request ids: read it with "
                           "'holdfast crashes show', on the admin socket"));
  }
  std::string id(path.substr(std::string_view(protocol::kCrashesPath).size() + 1));
  if (id == kLatest) {
    const auto last = crashes.list(1, *matches);
    if (last.empty()) return respond(refusal(404, "no crash report is kept"));
    id = last.front().id;
  }
  crashes.read(id, [id, respond = std::move(respond)](std::optional<std::string> text) {
    if (!text) {
      return respond(refusal(404, fmt::format("there is no crash report '{}': 'holdfast crashes' "
                                              "lists them",
                                              id)));
    }
    respond(not_stored(http::Response::json(200, std::move(*text))));
  });
}

}  // namespace holdfast::supervisor::status
