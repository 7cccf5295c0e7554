// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/supervisord_listeners.hpp"

#include "common/text/number.hpp"
#include "supervisor/import/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <optional>
#include <utility>

namespace holdfast::supervisor::importer {

namespace {

struct Invocation {
  std::vector<std::pair<std::string, std::string>> options;  // "p", "web"
  std::string last;                                          // the last word that is no option
};

// The first letter stands for the long name as well, as far as options are looked at here.
std::string option_name(std::string_view word) {
  word.remove_prefix(word.starts_with("--") ? 2 : 1);
  return std::string(word.substr(0, 1));
}

// What follows the tool's own name, which may be run by an interpreter.
std::optional<Invocation> invocation_of(const std::string& command, std::string_view tool,
                                        std::string_view with_value) {
  const auto words = split_words(command).value_or(std::vector<std::string>());
  auto word = std::find_if(words.begin(), words.end(), [&](const std::string& one) {
    const std::string name = std::filesystem::path(one).filename().native();
    return name == tool || name == fmt::format("superlance.{}", tool);
  });
  if (word == words.end()) return {};
  Invocation result;
  for (++word; word != words.end(); ++word) {
    if (!word->starts_with('-')) {
      result.last = *word;
      continue;
    }
    const bool is_long = word->starts_with("--");
    const auto equals = word->find('=');
    const std::string name = option_name(*word);
    std::string value;
    if (is_long && equals != std::string::npos) {
      value = word->substr(equals + 1);
    } else if (!is_long && word->size() > 2) {
      value = word->substr(2);
    } else if (with_value.find(name) != std::string_view::npos && std::next(word) != words.end()) {
      value = *++word;
    }
    result.options.emplace_back(name, std::move(value));
  }
  return result;
}

// Of "web", "shop:web" or "shop:web_00"; null: there is none.
Section* program_named(Stack& stack, std::string name) {
  if (const auto colon = name.rfind(':'); colon != std::string::npos) name.erase(0, colon + 1);
  for (const std::string& one : {name, name.substr(0, name.rfind('_'))}) {
    const std::string known = stack.name_of(one);
    if (known.empty()) continue;
    for (Section& program : stack.programs()) {
      if (program.name() == "program." + known) return &program;
    }
  }
  return nullptr;
}

// TICK_60: every minute.
std::int64_t seconds_of(const std::string& events) {
  const auto at = events.find("TICK_");
  if (at == std::string::npos) return 60;
  const std::string digits =
      events.substr(at + 5, events.find_first_not_of("0123456789", at + 5) - at - 5);
  return text::parse_number<std::int64_t>(digits).value_or(60);
}

bool import_httpok(const IniSection& section, Stack& stack) {
  const auto call = invocation_of(section.value("command"), "httpok", "ptcbsmgdn");
  if (!call || call->last.empty()) return false;
  std::vector<Section*> programs;
  std::vector<std::int64_t> statuses;
  std::int64_t timeout = 10;
  bool reads_body = false;
  for (const auto& [name, value] : call->options) {
    if (name == "p") {
      if (Section* program = program_named(stack, value)) programs.push_back(program);
    } else if (name == "a") {
      for (Section& program : stack.programs())
        programs.push_back(&program);
    } else if (name == "t") {
      timeout = text::parse_number<std::int64_t>(value).value_or(timeout);
    } else if (name == "c") {
      if (const auto code = text::parse_number<std::int64_t>(value); code && *code != 200)
        statuses.push_back(*code);
    } else if (name == "b") {
      reads_body = true;
    }
  }
  for (Section* program : programs) {
    program->comment("httpok, here a probe of the program itself");
    if (reads_body) program->comment("httpok also looked for a text in the body");
    program->set_text("health", plain(call->last));
    program->set_duration("health_interval",
                          std::chrono::seconds(seconds_of(section.value("events"))));
    program->set_duration("health_timeout", std::chrono::seconds(timeout));
    program->set_number("health_failures", 1);
    if (!statuses.empty()) program->set_numbers("health_statuses", statuses);
  }
  return !programs.empty();
}

bool import_memmon(const IniSection& section, Stack& stack) {
  const auto call = invocation_of(section.value("command"), "memmon", "pgasmnu");
  if (!call) return false;
  bool taken = false;
  const auto limit = [&](Section& program, const std::string& text) {
    const std::string size = size_of(text);
    if (size.empty()) return;
    program.comment("memmon, here a replacement of the worker that uses more");
    program.set_text("memory_high", size);
    program.set_text("memory_measure", "rss");
    taken = true;
  };
  for (const auto& [name, value] : call->options) {
    const auto equals = value.find('=');
    if (name == "a") {
      for (Section& program : stack.programs())
        limit(program, value);
    } else if (name == "p" && equals != std::string::npos) {
      Section* program = program_named(stack, value.substr(0, equals));
      if (program != nullptr) limit(*program, value.substr(equals + 1));
    }
  }
  return taken;
}

}  // namespace

bool import_listener(const IniSection& section, Stack& stack) {
  return import_httpok(section, stack) || import_memmon(section, stack);
}

}  // namespace holdfast::supervisor::importer
