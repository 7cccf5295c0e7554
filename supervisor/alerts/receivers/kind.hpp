// SPDX-License-Identifier: Apache-2.0
#pragma once

// ReceiverKind: how one type of [alert_receiver.NAME] is spoken to: a request from a notification,
// and a verdict from the answer. A kind is one file here that defines a constant, and one line in
// kinds.cpp (and in common/config/receiver_types.cpp, what its configuration needs).
//
// Threads: pure functions.

#include "common/base/result.hpp"
#include "common/config/config.hpp"
#include "common/http/message.hpp"
#include "supervisor/alerts/alert.hpp"
#include "supervisor/alerts/verdict.hpp"

#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace holdfast::supervisor::alerts {

// A receiver with its secrets.
struct Target {
  const config::AlertReceiver& config;
  std::string url;
  std::string secret;
  std::string authorization;
};

struct HttpRequest {
  std::string url;
  http::Headers headers;
  std::string body;
};
struct CommandRequest {
  std::vector<std::string> argv;
  std::string input;
};
using Request = std::variant<HttpRequest, CommandRequest>;

struct CommandEnd {
  bool signaled = false;
  int value = 0;  // exit code, or signal number
  std::string output;
};
// Errors of a command: NotFound or PermissionDenied, it could not be started; DeadlineExceeded.
using Answer = std::variant<Result<http::Response>, Result<CommandEnd>>;

struct ReceiverKind {
  const char* type;
  // Whether it wants to know what fires (StateQueue), not to be told of it (MessageQueue).
  bool keeps_state;
  // `minimal`: the plainest request that still says what it is about.
  Request (*render)(const Target& target, const Notification& notification, bool minimal,
                    WallTime now);
  Verdict (*judge)(const Answer& answer, WallTime now);
};

std::span<const ReceiverKind* const> receiver_kinds();
const ReceiverKind* find_receiver_kind(std::string_view type);  // or nullptr

extern const ReceiverKind kSlack;
extern const ReceiverKind kDiscord;
extern const ReceiverKind kWebhook;
extern const ReceiverKind kAlertmanager;
extern const ReceiverKind kCommand;

}  // namespace holdfast::supervisor::alerts
