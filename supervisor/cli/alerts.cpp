// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/alerts.hpp"

#include "common/base/duration.hpp"
#include "common/os/exit_codes.hpp"
#include "common/protocol/names.hpp"
#include "common/text/terminal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace holdfast::supervisor::cli {

namespace {

using nlohmann::json;

std::string age_of(const json& alert) {
  const auto seconds = static_cast<std::int64_t>(alert.value("seconds", 0.0));
  return format_duration(std::chrono::seconds(std::max<std::int64_t>(seconds, 0)));
}

std::string marks_of(const json& alert) {
  if (alert.contains("silenced_until"))
    return "  (silenced until " + alert.value("silenced_until", "") + ")";
  if (alert.contains("inhibited"))
    return "  (nobody is told: " + alert.value("inhibited", "") + ")";
  return {};
}

void append_alert(std::string& out, const json& alert) {
  const std::uint64_t count = alert.value("count", std::uint64_t{0});
  std::string name = alert.value("name", "");
  if (alert.contains("target")) name += " " + alert.value("target", "");
  out += fmt::format("{:<9} {}\n", alert.value("severity", ""), name);
  out += fmt::format("          {}{}\n", alert.value("summary", ""), marks_of(alert));
  const std::string times = count > 1 ? fmt::format(", {} events", count) : std::string();
  if (alert.contains("ended_at")) {
    out += fmt::format("          {} to {}, for {}{}\n", alert.value("started_at", ""),
                       alert.value("ended_at", ""), age_of(alert), times);
  } else {
    out +=
        fmt::format("          for {}{}; {}\n", age_of(alert), times, alert.value("runbook", ""));
  }
}

int answer_of(const AdminClient& client, const std::string& target) {
  const auto answer = client.ask("POST", target);
  if (!answer) return unreachable(answer.error());
  if (answer->status != 200) return refused(*answer);
  print(message_of(*answer) + "\n");
  return exit_code::kOk;
}

}  // namespace

Result<std::string> alerts_table(const std::string& text, bool history) {
  const json body = json::parse(text, nullptr, false);
  const char* const list = history ? "history" : "firing";
  if (!body.is_object() || !body.contains(list) || !body[list].is_array())
    return fail(ErrorKind::Unavailable, "the supervisor's answer is no list of alerts");
  std::string out;
  for (const json& alert : body[list])
    append_alert(out, alert);
  if (out.empty()) out = history ? "No alert has been resolved.\n" : "No alert fires.\n";
  if (history || !body.contains("silences")) return text::for_terminal(out);
  for (const json& silence : body["silences"]) {
    const std::string target =
        silence.contains("target") ? " of " + silence.value("target", "") : std::string();
    out += fmt::format("silenced: {}{} until {}\n", silence.value("name", ""), target,
                       silence.value("until", ""));
  }
  return text::for_terminal(out);
}

int alerts(const AdminClient& client, const Arguments& arguments) {
  const auto answer = client.ask("GET", protocol::kAlertsPath);
  if (!answer) return unreachable(answer.error());
  if (answer->status != 200) return refused(*answer);
  if (arguments.json) {
    print(text::for_terminal(answer->body) + "\n");
  } else {
    const auto table = alerts_table(answer->body, arguments.history);
    if (!table) return unreachable(table.error());
    print(*table);
  }
  if (arguments.history) return exit_code::kOk;
  const json body = json::parse(answer->body, nullptr, false);
  const auto firing = body.is_object() ? body.find("firing") : body.end();
  const bool any = firing != body.end() &&
                   std::any_of(firing->begin(), firing->end(),
                               [](const json& one) { return !one.contains("silenced_until"); });
  return any ? exit_code::kFailed : exit_code::kOk;
}

int silence(const AdminClient& client, const Arguments& arguments) {
  std::string target = fmt::format("{}?name={}&for={}", protocol::kSilencePath,
                                   query_escaped(arguments.name), query_escaped(arguments.length));
  if (!arguments.target.empty()) target += "&target=" + query_escaped(arguments.target);
  return answer_of(client, target);
}

int unsilence(const AdminClient& client, const Arguments& arguments) {
  std::string target =
      fmt::format("{}?name={}", protocol::kUnsilencePath, query_escaped(arguments.name));
  if (!arguments.target.empty()) target += "&target=" + query_escaped(arguments.target);
  return answer_of(client, target);
}

}  // namespace holdfast::supervisor::cli
