// SPDX-License-Identifier: Apache-2.0
// A program of the user's, which gets the webhook's JSON on its standard input.
#include "common/log/redact.hpp"
#include "common/os/signal_name.hpp"
#include "common/text/ascii.hpp"
#include "common/text/terminal.hpp"
#include "common/text/utf8.hpp"
#include "supervisor/alerts/receivers/kind.hpp"
#include "supervisor/alerts/receivers/webhook_body.hpp"

namespace holdfast::supervisor::alerts {

namespace {

constexpr std::size_t kMostOfOutput = 200;

Request render_command(const Target& target, const Notification& notification, bool minimal,
                       WallTime) {
  return CommandRequest{target.config.command, webhook_body(notification, minimal) + "\n"};
}

// The last line, where programs say why they failed.
std::string last_line(std::string_view output) {
  output = text::trim(output, text::kWhitespace);
  const auto newline = output.rfind('\n');
  if (newline != std::string_view::npos) output.remove_prefix(newline + 1);
  return text::for_terminal_line(log::redact_text(text::truncate_utf8(output, kMostOfOutput)));
}

Verdict judge_command(const Answer& answer, WallTime) {
  const auto* const result = std::get_if<Result<CommandEnd>>(&answer);
  if (result == nullptr) return {Verdict::Kind::Retry, "client", "no command was run", {}};
  if (!*result) {
    const bool late = result->error().kind == ErrorKind::DeadlineExceeded;
    return {Verdict::Kind::Retry,
            late ? "timeout" : "client",
            log::redact_text(result->error().message),
            {}};
  }
  const CommandEnd& end = **result;
  std::string detail = end.signaled ? fmt::format("ended by SIG{}", os::signal_name(end.value))
                                    : fmt::format("exit {}", end.value);
  if (const std::string line = last_line(end.output); !line.empty()) detail += ": " + line;
  if (!end.signaled && end.value == 0) return {Verdict::Kind::Delivered, {}, detail, {}};
  return {Verdict::Kind::Retry, "server", detail, {}};
}

}  // namespace

const ReceiverKind kCommand{"command", false, render_command, judge_command};

}  // namespace holdfast::supervisor::alerts
