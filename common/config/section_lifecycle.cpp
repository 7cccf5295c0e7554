// SPDX-License-Identifier: Apache-2.0
// The fields of [program.NAME] for readiness, restarts, the watchdog and stopping.
#include "common/config/schema.hpp"
#include "common/config/slot_text.hpp"
#include "common/net/url.hpp"
#include "common/os/signal_name.hpp"
#include "common/protocol/names.hpp"
#include "common/text/pattern.hpp"

#include <csignal>
#include <tuple>

namespace holdfast::config {

using enum ReloadEffect;

namespace {

// Both keys set the same two members.
template <class Read, class Write>
Field readiness_field(std::string key, std::string type, Program& program, Read read, Write write) {
  using Saved = std::pair<ReadyKind, std::string>;
  return {std::move(key),
          Roll,
          std::move(type),
          std::move(read),
          std::move(write),
          [&program] { return std::any(Saved(program.ready, program.ready_target)); },
          [&program](const std::any& saved) {
            std::tie(program.ready, program.ready_target) = std::any_cast<const Saved&>(saved);
          }};
}

// The URL completed; as it stands if it differs from slot to slot (for_slot() completes that).
Result<std::string> check_url(const std::string& text, const char* default_path) {
  const std::string sample = expand_slot_names(text, {"worker.0", 0, 1});
  HOLDFAST_TRY_ASSIGN(const net::Url url, net::parse_literal_url(sample, default_path));
  return sample == text ? url.to_string() : text;
}

Field ready_field(Program& program) {
  auto read = [&program](const Value& given, Complaints& complaints) {
    const std::string* text = expect_text(given, complaints);
    if (text == nullptr) return;
    if (*text == "notify" || *text == "started") {
      program.ready = *text == "notify" ? ReadyKind::Notify : ReadyKind::Started;
      program.ready_target.clear();
    } else if (const auto target = check_url(*text, "/")) {
      program.ready = ReadyKind::Http;
      program.ready_target = *target;
    } else {
      complaints.push_back(
          {given.at,
           fmt::format("'{}' is not \"notify\", \"started\", \"http://127.0.0.1:80/path\" "
                       "or \"unix:/path/of.sock:/ready\"{}",
                       *text, did_you_mean(*text, {"notify", "started"}))});
    }
  };
  auto write = [&program]() -> std::optional<Value> {
    switch (program.ready) {
      case ReadyKind::Notify: return Value{std::string("notify")};
      case ReadyKind::Started: return Value{std::string("started")};
      case ReadyKind::Http: return Value{program.ready_target};
      case ReadyKind::LogLine: break;
    }
    return {};
  };
  return readiness_field("ready", "string", program, std::move(read), std::move(write));
}

Field ready_log_field(Program& program) {
  auto read = [&program](const Value& given, Complaints& complaints) {
    const std::string* text = expect_text(given, complaints);
    if (text == nullptr) return;
    if (const auto pattern = text::Pattern::compile(*text); !pattern) {
      complaints.push_back({given.at, pattern.error().message});
    } else if (text->empty()) {
      complaints.push_back({given.at, "must not be empty: it would match any line"});
    } else {
      program.ready = ReadyKind::LogLine;
      program.ready_target = *text;
    }
  };
  auto write = [&program]() -> std::optional<Value> {
    if (program.ready != ReadyKind::LogLine) return {};
    return Value{program.ready_target};
  };
  return readiness_field("ready_log", "regular expression", program, std::move(read),
                         std::move(write));
}

const std::vector<std::pair<std::string, int>>& stop_signals() {
  static const std::vector<std::pair<std::string, int>> kSignals{
      {"TERM", SIGTERM}, {"INT", SIGINT},   {"QUIT", SIGQUIT},
      {"HUP", SIGHUP},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
      {"ABRT", SIGABRT}, {"KILL", SIGKILL}, {"WINCH", SIGWINCH}};
  return kSignals;
}

// Accepts "SIGTERM" beside "TERM".
Field stop_signal_field(int& signal) {
  Field field = choice_field<int>("stop_signal", Live, signal, stop_signals());
  field.read = [read = field.read](const Value& given, Complaints& complaints) {
    const auto* text = std::get_if<std::string>(&given.data);
    if (text != nullptr && text->starts_with("SIG")) {
      return read(Value{text->substr(3), given.at}, complaints);
    }
    read(given, complaints);
  };
  return field;
}

Field reload_signal_field(int& signal) {
  auto read = [&signal](const Value& given, Complaints& complaints) {
    const std::string* text = expect_text(given, complaints);
    if (text == nullptr) return;
    const auto parsed = os::parse_signal(*text);
    if (!parsed) {
      complaints.push_back({given.at, parsed.error().message});
    } else if (*parsed == SIGKILL || *parsed == SIGSTOP) {
      complaints.push_back(
          {given.at,
           fmt::format("'{}' cannot be handled by a program: it would not reload", *text)});
    } else {
      signal = *parsed;
    }
  };
  auto write = [&signal]() -> std::optional<Value> {
    if (signal == 0) return {};
    return Value{os::signal_name(signal)};
  };
  return member_field("reload_signal", Live, "signal", signal, std::move(read), std::move(write));
}

Result<std::string> check_metrics(const std::string& text) {
  if (text.empty() || text == "off" || text == "socket") return text;
  return check_url(text, protocol::kMetricsPath);
}

}  // namespace

void append_lifecycle_fields(Program& program, Fields& fields) {
  const auto append = [&](Field field) { fields.push_back(std::move(field)); };
  append(ready_field(program));
  append(ready_log_field(program));
  append(choice_field<NotifyAccess>("notify_access", Live, program.notify_access,
                                    {{"main", NotifyAccess::Main}, {"all", NotifyAccess::All}}));
  append(duration_field("ready_timeout", Live, program.ready_timeout, 100ms, 24h));
  append(duration_field("ready_interval", Live, program.ready_interval, 10ms, 1h));

  append(choice_field<RestartPolicy>("restart", Live, program.restart,
                                     {{"always", RestartPolicy::Always},
                                      {"on-failure", RestartPolicy::OnFailure},
                                      {"never", RestartPolicy::Never}}));
  append(duration_field("settled_after", Live, program.settled_after, 0s, 24h));
  append(duration_field("backoff_base", Live, program.backoff_base, 1ms, 1h));
  append(number_field("backoff_factor", Live, program.backoff_factor, 1, 100));
  append(duration_field("backoff_cap", Live, program.backoff_cap, 1ms, 24h));
  append(number_field("backoff_jitter", Live, program.backoff_jitter, 0, 0.9));
  append(duration_field("backoff_reset", Live, program.backoff_reset, 0s, 24h));
  append(count_field("crash_loop_exits", Live, program.crash_loop_exits, 1, 1000));
  append(duration_field("crash_loop_window", Live, program.crash_loop_window, 1s, 24h));
  append(duration_field("crash_loop_retry", Live, program.crash_loop_retry, 100ms, 24h));

  append(duration_field("watchdog", Live, program.watchdog, 0s, 24h));
  append(flag_field("watchdog_required", Live, program.watchdog_required));
  append(duration_field("watchdog_interval", Live, program.watchdog_interval, 10ms, 8h));
  append(duration_field("watchdog_grace", Live, program.watchdog_grace, 0s, 1h));

  append(reload_signal_field(program.reload_signal));
  append(stop_signal_field(program.stop_signal));
  append(choice_field<StopScope>("stop_scope", Live, program.stop_scope,
                                 {{"group", StopScope::Group}, {"main", StopScope::Main}}));
  append(flag_field("keep_descendants", Live, program.keep_descendants));
  append(duration_field("stop_timeout", Live, program.stop_timeout, 10ms, 24h));

  append(choice_field<log::Level>("stderr_level", Roll, program.stderr_level,
                                  {{"trace", log::Level::Trace},
                                   {"debug", log::Level::Debug},
                                   {"info", log::Level::Info},
                                   {"warn", log::Level::Warn},
                                   {"error", log::Level::Error}}));
  append(text_field("metrics", Roll, program.metrics, check_metrics));
  append(duration_field("metrics_interval", Roll, program.metrics_interval, 1s, 1h));
  append(duration_field("metrics_timeout", Roll, program.metrics_timeout, 100ms, 1min));
}

}  // namespace holdfast::config
