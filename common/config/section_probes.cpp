// SPDX-License-Identifier: Apache-2.0
// The fields of [program.NAME] for readiness, health and replacement.
#include "common/config/schema.hpp"
#include "common/text/pattern.hpp"

#include <tuple>

namespace holdfast::config {

using enum ReloadEffect;

namespace {

// `ready` and `ready_log` set the same members, but leave `ready_host` and `ready_statuses` alone.
struct SavedReady {
  ReadyKind kind;
  std::string pattern;
  Probe probe;
};

void set_question(Probe& probe, const Probe& question) {
  probe.kind = question.kind;
  probe.address = question.address;
  probe.command = question.command;
}

template <class Read, class Write>
Field readiness_field(std::string key, std::string type, Program& program, Read read, Write write) {
  return {std::move(key),
          Roll,
          std::move(type),
          std::move(read),
          std::move(write),
          [&program] {
            return std::any(SavedReady{program.ready, program.ready_pattern, program.ready_probe});
          },
          [&program](const std::any& saved) {
            const auto& was = std::any_cast<const SavedReady&>(saved);
            program.ready = was.kind;
            program.ready_pattern = was.pattern;
            set_question(program.ready_probe, was.probe);
          }};
}

// ["command", "argument", …]
std::optional<Probe> read_command(const Array& array, const Value& given, Complaints& complaints) {
  Probe probe;
  probe.kind = Probe::Kind::Command;
  for (const Value& item : array) {
    const std::string* text = expect_text(item, complaints);
    if (text == nullptr) return {};
    probe.command.push_back(*text);
  }
  if (probe.command.empty() || probe.command.front().empty()) {
    complaints.push_back({given.at, "a command needs at least the name of a program"});
    return {};
  }
  return probe;
}

std::optional<Value> write_question(const Probe& probe) {
  if (probe.kind == Probe::Kind::None) return {};
  if (probe.kind != Probe::Kind::Command) return Value{to_string(probe)};
  Array array;
  for (const std::string& argument : probe.command)
    array.push_back(Value{argument});
  return Value{std::move(array)};
}

constexpr std::string_view kAddresses =
    "\"http://127.0.0.1:80/path\", \"unix:/path/of.sock:/ready\", \"tcp:127.0.0.1:80\" or "
    "[\"command\", …]";

Field ready_field(Program& program) {
  auto read = [&program](const Value& given, Complaints& complaints) {
    if (const auto* array = std::get_if<Array>(&given.data)) {
      if (const auto probe = read_command(*array, given, complaints)) {
        program.ready = ReadyKind::Probe;
        set_question(program.ready_probe, *probe);
      }
      return;
    }
    const std::string* text = expect_text(given, complaints);
    if (text == nullptr) return;
    if (*text == "notify" || *text == "started") {
      program.ready = *text == "notify" ? ReadyKind::Notify : ReadyKind::Started;
      set_question(program.ready_probe, {});
    } else if (const auto probe = parse_probe_address(*text)) {
      program.ready = ReadyKind::Probe;
      set_question(program.ready_probe, *probe);
    } else {
      complaints.push_back(
          {given.at, fmt::format("'{}' is not \"notify\", \"started\", {}{}", *text, kAddresses,
                                 did_you_mean(*text, {"notify", "started"}))});
    }
  };
  auto write = [&program]() -> std::optional<Value> {
    switch (program.ready) {
      case ReadyKind::Notify: return Value{std::string("notify")};
      case ReadyKind::Started: return Value{std::string("started")};
      case ReadyKind::Probe: return write_question(program.ready_probe);
      case ReadyKind::LogLine: break;
    }
    return {};
  };
  return readiness_field("ready", "string or array of strings", program, std::move(read),
                         std::move(write));
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
      program.ready_pattern = *text;
    }
  };
  auto write = [&program]() -> std::optional<Value> {
    if (program.ready != ReadyKind::LogLine) return {};
    return Value{program.ready_pattern};
  };
  return readiness_field("ready_log", "regular expression", program, std::move(read),
                         std::move(write));
}

Field health_field(Program& program) {
  Probe& health = program.health;
  auto read = [&health](const Value& given, Complaints& complaints) {
    if (const auto* array = std::get_if<Array>(&given.data)) {
      if (const auto probe = read_command(*array, given, complaints)) set_question(health, *probe);
      return;
    }
    const std::string* text = expect_text(given, complaints);
    if (text == nullptr) return;
    if (text->empty()) {
      set_question(health, {});
    } else if (const auto probe = parse_probe_address(*text)) {
      set_question(health, *probe);
    } else {
      complaints.push_back({given.at, fmt::format("'{}' is not {}", *text, kAddresses)});
    }
  };
  auto write = [&health]() -> std::optional<Value> {
    return health.asks() ? write_question(health) : Value{std::string()};
  };
  Field field;
  field.key = "health";
  field.on_reload = Live;
  field.type = "string or array of strings";
  field.read = std::move(read);
  field.write = std::move(write);
  field.save = [&health] { return std::any(health); };
  field.restore = [&health](const std::any& saved) {
    set_question(health, std::any_cast<const Probe&>(saved));
  };
  return field;
}

// [204, "2xx", "200-399"]
Field statuses_field(std::string key, std::vector<std::string>& statuses) {
  auto read = [&statuses](const Value& given, Complaints& complaints) {
    const auto* array = std::get_if<Array>(&given.data);
    if (array == nullptr) {
      return complain_type(given, "an array of numbers and strings", complaints);
    }
    std::vector<std::string> texts;
    for (const Value& item : *array) {
      std::string text;
      if (const auto* number = std::get_if<std::int64_t>(&item.data)) {
        text = std::to_string(*number);
      } else if (const std::string* written = expect_text(item, complaints)) {
        text = *written;
      } else {
        continue;
      }
      if (const auto checked = check_status(text)) {
        texts.push_back(*checked);
      } else {
        complaints.push_back({item.at, checked.error().message});
      }
    }
    statuses = std::move(texts);
  };
  auto write = [&statuses]() -> std::optional<Value> {
    Array array;
    for (const std::string& text : statuses)
      array.push_back(Value{text});
    return Value{std::move(array)};
  };
  return member_field(std::move(key), Live, "array of numbers or strings", statuses,
                      std::move(read), std::move(write));
}

// Of a request's header field: no line end may smuggle in another one.
Result<std::string> check_host_field(const std::string& text) {
  for (const char c : text) {
    if (c <= ' ' || c > '~') {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("'{}' is not the name of a host: write \"app.example.org\"", text));
    }
  }
  return text;
}

}  // namespace

void append_probe_fields(Program& program, Fields& fields) {
  const auto append = [&](Field field) { fields.push_back(std::move(field)); };
  append(ready_field(program));
  append(ready_log_field(program));
  append(choice_field<NotifyAccess>("notify_access", Live, program.notify_access,
                                    {{"main", NotifyAccess::Main}, {"all", NotifyAccess::All}}));
  append(duration_field("ready_timeout", Live, program.ready_timeout, 100ms, 24h));
  append(duration_field("ready_interval", Live, program.ready_interval, 10ms, 1h));
  append(duration_field("ready_probe_timeout", Live, program.ready_probe_timeout, 10ms, 1h));
  append(text_field("ready_host", Live, program.ready_probe.host, check_host_field));
  append(statuses_field("ready_statuses", program.ready_probe.statuses));

  append(health_field(program));
  append(text_field("health_host", Live, program.health.host, check_host_field));
  append(statuses_field("health_statuses", program.health.statuses));
  append(duration_field("health_interval", Live, program.health_interval, 10ms, 24h));
  append(duration_field("health_timeout", Live, program.health_timeout, 10ms, 1h));
  append(count_field("health_failures", Live, program.health_failures, 1, 1000));

  append(choice_field<Replace>("replace", Live, program.replace,
                               {{"auto", Replace::Auto},
                                {"overlap", Replace::Overlap},
                                {"stop-first", Replace::StopFirst}}));
  append(duration_field("min_ready_time", Live, program.min_ready_time, 0s, 24h));
}

}  // namespace holdfast::config
