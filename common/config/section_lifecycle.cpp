// SPDX-License-Identifier: Apache-2.0
// The fields of [program.NAME] for restarts, the watchdog and stopping.
#include "common/config/schema.hpp"
#include "common/config/slot_text.hpp"
#include "common/net/url.hpp"
#include "common/os/signal_name.hpp"
#include "common/protocol/names.hpp"

#include <csignal>

namespace holdfast::config {

using enum ReloadEffect;

namespace {

const std::vector<std::pair<std::string, int>>& stop_signals() {
  static const std::vector<std::pair<std::string, int>> kSignals{
      {"TERM", SIGTERM}, {"INT", SIGINT},   {"QUIT", SIGQUIT},
      {"HUP", SIGHUP},   {"USR1", SIGUSR1}, {"USR2", SIGUSR2},
      {"ABRT", SIGABRT}, {"KILL", SIGKILL}, {"WINCH", SIGWINCH}};
  return kSignals;
}

Field exit_codes_field(std::vector<std::uint32_t>& codes) {
  auto read = [&codes](const Value& given, Complaints& complaints) {
    const auto* array = std::get_if<Array>(&given.data);
    if (array == nullptr) return complain_type(given, "an array of exit codes", complaints);
    std::vector<std::uint32_t> result;
    for (const Value& item : *array) {
      const auto* code = std::get_if<std::int64_t>(&item.data);
      if (code == nullptr || *code < 0 || *code > 255) {
        complaints.push_back({item.at, "an exit code is an integer from 0 to 255"});
      } else {
        result.push_back(static_cast<std::uint32_t>(*code));
      }
    }
    codes = std::move(result);
  };
  auto write = [&codes] {
    Array array;
    for (const std::uint32_t code : codes)
      array.push_back(Value{static_cast<std::int64_t>(code)});
    return Value{std::move(array)};
  };
  return member_field("success_exit_codes", Live, "array of integers", codes, std::move(read),
                      std::move(write));
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

// The URL completed; as it stands if it differs from slot to slot (for_slot() completes that).
Result<std::string> check_url(const std::string& text, const char* default_path) {
  const std::string sample = expand_slot_names(text, {"worker.0", 0, 1});
  HOLDFAST_TRY_ASSIGN(const net::Url url, net::parse_literal_url(sample, default_path));
  return sample == text ? url.to_string() : text;
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
  append_probe_fields(program, fields);

  append(choice_field<RestartPolicy>("restart", Live, program.restart,
                                     {{"always", RestartPolicy::Always},
                                      {"on-failure", RestartPolicy::OnFailure},
                                      {"never", RestartPolicy::Never}}));
  append(exit_codes_field(program.success_exit_codes));
  append(count_field("max_restarts_per_hour", Live, program.max_restarts_per_hour, 0, 10'000));
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
  append(choice_field<WatchdogSource>("watchdog_source", Live, program.watchdog_source,
                                      {{"notify", WatchdogSource::Notify},
                                       {"metrics", WatchdogSource::Metrics},
                                       {"health", WatchdogSource::Health}}));
  append(flag_field("watchdog_required", Live, program.watchdog_required));
  append(duration_field("watchdog_interval", Live, program.watchdog_interval, 10ms, 8h));
  append(duration_field("watchdog_grace", Live, program.watchdog_grace, 0s, 1h));

  append(reload_signal_field(program.reload_signal));
  append(stop_signal_field(program.stop_signal));
  append(choice_field<StopScope>("stop_scope", Live, program.stop_scope,
                                 {{"group", StopScope::Group}, {"main", StopScope::Main}}));
  append(flag_field("keep_descendants", Live, program.keep_descendants));
  append(duration_field("stop_timeout", Live, program.stop_timeout, 10ms, 24h));

  append(path_field("log_file", Roll, program.log_file, Absence::Allowed));
  append(choice_field<log::Level>("stderr_level", Roll, program.stderr_level,
                                  {{"trace", log::Level::Trace},
                                   {"debug", log::Level::Debug},
                                   {"info", log::Level::Info},
                                   {"warn", log::Level::Warn},
                                   {"error", log::Level::Error}}));
  append(choice_field<std::string>("multiline", Roll, program.multiline,
                                   {{"auto", "auto"}, {"off", "off"}}));
  append(text_field("metrics", Roll, program.metrics, check_metrics));
  append(duration_field("metrics_interval", Roll, program.metrics_interval, 1s, 1h));
  append(duration_field("metrics_timeout", Roll, program.metrics_timeout, 100ms, 1min));
}

}  // namespace holdfast::config
