// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/receivers/story.hpp"

#include "common/base/duration.hpp"
#include "common/log/redact.hpp"
#include "supervisor/alerts/notification_json.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace holdfast::supervisor::alerts {

namespace {

constexpr std::size_t kStoryIds = 5;
constexpr std::size_t kStoryFrames = 25;

std::string story_name(const AlertKey& key) {
  return key.target.empty() ? key.name : key.name + " " + key.target;
}

const char* word_of(const Notification& notification) {
  if (notification.test) return "TEST";
  if (notification.status == AlertStatus::Resolved) return "RESOLVED";
  return notification.still_firing ? "STILL FIRING" : "FIRING";
}

// What the alerts have in common, or how many they are.
std::string subject_of(const Notification& notification) {
  const auto& alerts = notification.alerts;
  const std::uint64_t count = alerts.size() + notification.more;
  if (count == 1 && alerts.size() == 1) return story_name(alerts.front().key);
  if (alerts.empty()) return "Holdfast";
  const bool one_name = std::all_of(alerts.begin(), alerts.end(), [&](const Alert& alert) {
    return alert.key.name == alerts.front().key.name;
  });
  return one_name ? fmt::format("{} ({})", alerts.front().key.name, count)
                  : fmt::format("{} alerts", count);
}

std::string up_to_the_second(Duration duration) {
  return format_duration(std::chrono::duration_cast<std::chrono::seconds>(duration));
}

// The newest come last and are the ones to keep.
std::string newest(const std::vector<std::string>& ids) {
  const std::size_t shown = std::min(ids.size(), kStoryIds);
  std::string text =
      fmt::format("{}", fmt::join(ids.end() - static_cast<std::ptrdiff_t>(shown), ids.end(), ", "));
  if (ids.size() > shown) text += fmt::format(" and {} more", ids.size() - shown);
  return text;
}

void add_fact(Story& story, const std::string& name, const std::string& value) {
  if (!value.empty()) story.facts.emplace_back(name, value);
}

std::string with_type(const std::string& type, const std::string& message) {
  if (type.empty()) return message;
  return message.empty() ? type : type + ": " + message;
}

void tell_crash(const CrashReport& crash, Story& story) {
  add_fact(story, "Worker",
           fmt::format("{} (incarnation {}, pid {})", crash.worker, crash.incarnation, crash.pid));
  add_fact(story, "Exit",
           core::describe(crash.exit) + (crash.exit.core_dumped ? ", core dumped" : ""));
  add_fact(story, "Uptime", up_to_the_second(crash.uptime));
  add_fact(story, "Restarts in the last hour",
           fmt::format("{}{}", crash.restarts_in_hour,
                       crash.next_try.empty() ? "" : "; next try: " + crash.next_try));
  add_fact(story, "Out of memory", crash.oom);
  std::vector<std::string> in_flight;
  for (const InFlight& one : crash.in_flight)
    in_flight.push_back(one.id.empty() ? one.what : fmt::format("{} ({})", one.what, one.id));
  add_fact(story, "In flight", newest(in_flight));
  add_fact(story, "Core dump", crash.core_dump);
  const std::string error = with_type(crash.error_type, crash.error_message);
  const std::size_t shown = std::min(crash.stack.size(), kStoryFrames);
  std::string stack =
      fmt::format("{}", fmt::join(crash.stack.begin(),
                                  crash.stack.begin() + static_cast<std::ptrdiff_t>(shown), "\n"));
  if (!error.empty()) stack = stack.empty() ? error : error + "\n" + stack;
  if (!stack.empty()) story.blocks.push_back({"Stack", stack});
  if (!crash.last_lines.empty())
    story.blocks.push_back(
        {"Last lines", fmt::format("{}", fmt::join(crash.last_lines, "\n")), true});
}

void tell_errors(const std::vector<ErrorSample>& errors, Story& story) {
  if (errors.empty()) return;
  std::vector<std::string> lines;
  for (const ErrorSample& error : errors) {
    lines.push_back(fmt::format("{} {} {}{}", format_rfc3339(error.time).substr(11, 8),
                                error.worker, with_type(error.type, error.message),
                                error.request_id.empty() ? "" : " [" + error.request_id + "]"));
  }
  story.blocks.push_back({"Errors", fmt::format("{}", fmt::join(lines, "\n")), true});
  const auto with_stack = std::find_if(errors.rbegin(), errors.rend(),
                                       [](const ErrorSample& one) { return !one.stack.empty(); });
  if (with_stack != errors.rend()) story.blocks.push_back({"Stack", with_stack->stack});
}

void tell_one(const Alert& alert, Story& story) {
  if (!alert.summary.empty()) story.lines.push_back(alert.summary);
  if (alert.status == AlertStatus::Firing && !alert.description.empty())
    story.lines.push_back(alert.description);
  if (alert.status == AlertStatus::Resolved) {
    const WallTime end = alert.ends_at.value_or(alert.last_event_at);
    const Duration lasted = std::max(Duration::zero(), Duration(end - alert.starts_at));
    add_fact(story, "Lasted", up_to_the_second(lasted));
    add_fact(story, "Since", format_rfc3339(alert.starts_at));
  }
  if (alert.count > 1) {
    add_fact(story, "Events",
             alert.suppressed == 0
                 ? fmt::format("{}", alert.count)
                 : fmt::format("{} ({} since the last message)", alert.count, alert.suppressed));
  }
  if (alert.status == AlertStatus::Resolved) return;
  if (alert.crash) tell_crash(*alert.crash, story);
  add_fact(story, "Request ids", newest(alert.request_ids));
  tell_errors(alert.errors, story);
}

void tell_many(const Notification& notification, Story& story) {
  const auto& alerts = notification.alerts;
  const std::size_t shown = std::min(alerts.size(), kMostLines);
  for (std::size_t i = 0; i < shown; ++i) {
    const Alert& alert = alerts[i];
    // The word is worth its room only where they differ.
    const bool odd = alert.status != notification.status;
    story.lines.push_back(fmt::format("{}{}: {}{}", odd ? "resolved: " : "", story_name(alert.key),
                                      alert.summary,
                                      alert.count > 1 ? fmt::format(" ({}x)", alert.count) : ""));
  }
  const std::uint64_t more = alerts.size() - shown + notification.more;
  if (more > 0) story.lines.push_back(fmt::format("+{} more", more));
  const auto crashed = std::find_if(alerts.begin(), alerts.end(), [](const Alert& alert) {
    return alert.crash && alert.status == AlertStatus::Firing;
  });
  if (crashed != alerts.end()) tell_crash(*crashed->crash, story);
}

// Whatever has come this far masked stays as it is.
void mask(Story& story) {
  const auto redact = [](std::string& text) { text = log::redact_text(text); };
  redact(story.headline);
  for (std::string& line : story.lines)
    redact(line);
  for (auto& [name, value] : story.facts)
    redact(value);
  for (Story::Block& block : story.blocks)
    redact(block.text);
}

}  // namespace

bool is_link(std::string_view runbook) {
  return runbook.starts_with("https://") || runbook.starts_with("http://");
}

Story tell(const Notification& notification) {
  Story story;
  const auto& alerts = notification.alerts;
  const std::string subject = subject_of(notification);
  story.title = fmt::format("{}: {} ({})", word_of(notification), subject,
                            severity_name(notification.severity));
  const std::string on = notification.host.empty() ? "" : " on " + notification.host;
  const std::string summary = alerts.empty() ? notification.note : alerts.front().summary;
  story.headline = fmt::format("[{}] {}{}{}", word_of(notification), subject, on,
                               summary.empty() ? "" : ": " + summary);
  if (!notification.note.empty()) story.lines.push_back(notification.note);
  if (alerts.size() == 1 && notification.more == 0) {
    tell_one(alerts.front(), story);
  } else {
    tell_many(notification, story);
  }
  if (!alerts.empty()) story.runbook = alerts.front().runbook;
  story.footer = fmt::format("holdfast {} | {} | id {}", notification.version,
                             notification.host.empty() ? "-" : notification.host, notification.id);
  mask(story);
  return story;
}

}  // namespace holdfast::supervisor::alerts
