// SPDX-License-Identifier: Apache-2.0
#pragma once

// The values that alerts are made of. Rules turn what happens into Alerts; the notifier decides
// when a receiver is to hear of them and makes Notifications; the delivery brings those to the
// receivers.
//
// Threads: values.

#include "common/base/clock.hpp"
#include "supervisor/state/crash_report.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::alerts {

enum class Severity { Info, Warning, Critical };
enum class AlertStatus { Firing, Resolved };

// What makes two alerts the same one: never a pid, a count or the text of a message.
struct AlertKey {
  std::string name;    // "HoldfastWorkerCrashed": docs/runbooks/ has a page of that name
  std::string target;  // a program, a worker or a queue; empty: the stack
  auto operator<=>(const AlertKey&) const = default;
};

// One of the errors that an alert counts.
struct ErrorSample {
  WallTime time{};
  std::string worker;
  std::string message;
  std::string type;
  std::string stack;
  std::string request_id;
  bool operator==(const ErrorSample&) const = default;
};

// One episode of a condition, from when it began to hold until it is over.
struct Alert {
  std::string id;  // of the episode
  AlertKey key;
  std::string program;  // that it is about; empty: none in particular
  Severity severity = Severity::Warning;
  AlertStatus status = AlertStatus::Firing;
  std::string summary;      // one line: what has happened
  std::string description;  // what it means, and what to do
  std::string runbook;      // a URL, or a path in the documentation
  WallTime starts_at{};
  std::optional<WallTime> ends_at;  // of Resolved
  WallTime last_event_at{};
  std::uint64_t count = 0;               // events in this episode
  std::uint64_t suppressed = 0;          // of them, since the last message
  CrashReportPtr crash;                  // the last one, if it is about a crash
  std::vector<ErrorSample> errors;       // the last few
  std::vector<std::string> request_ids;  // of the errors and of what was in flight, the newest last
};

// One message to one receiver.
struct Notification {
  std::string id;  // for the receiver to recognise a repeated delivery: "<alert>-<status>-<number>"
  std::string receiver;
  AlertStatus status = AlertStatus::Firing;  // Firing if one of its alerts is
  Severity severity = Severity::Warning;     // the highest of its alerts
  std::string group;  // what its alerts have in common, stable: "HoldfastWorkerCrashed/api-worker"
  std::vector<Alert> alerts;
  std::uint64_t more = 0;     // alerts that there was no room for
  bool still_firing = false;  // a repetition after the cooldown
  bool test = false;          // of `holdfast alert test`
  std::string note;           // for people, such as how long the receiver was out of reach
  std::string host;
  std::string version;  // of Holdfast
  WallTime made_at{};
};

}  // namespace holdfast::supervisor::alerts
