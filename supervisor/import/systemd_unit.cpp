// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/systemd_unit.hpp"

#include "common/text/ascii.hpp"
#include "common/text/number.hpp"
#include "supervisor/import/ini.hpp"
#include "supervisor/import/systemd_command.hpp"
#include "supervisor/import/systemd_time.hpp"
#include "supervisor/import/systemd_timer.hpp"
#include "supervisor/import/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <optional>

namespace holdfast::supervisor::importer {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

constexpr std::string_view kNoWords = "it cannot be split into words";

// "StateDirectory" and "StateDirectoryMode": the variable that tells the service where it is.
std::string directory_variable(std::string_view key) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kDirectories{{
      {"RuntimeDirectory", "RUNTIME_DIRECTORY"},
      {"StateDirectory", "STATE_DIRECTORY"},
      {"CacheDirectory", "CACHE_DIRECTORY"},
      {"LogsDirectory", "LOGS_DIRECTORY"},
      {"ConfigurationDirectory", "CONFIGURATION_DIRECTORY"},
  }};
  for (const auto& [name, variable] : kDirectories) {
    if (key == name || key == std::string(name) + "Mode") return std::string(variable);
  }
  return {};
}

constexpr std::string_view kListener =
    "a socket is a [listen.NAME], which 'sockets' hands on by LISTEN_FDS";

bool is_dependency(std::string_view key) {
  static constexpr std::array<std::string_view, 8> kKeys{
      "After", "Requires", "Requisite", "BindsTo", "Wants", "PartOf", "Upholds", "Before"};
  return std::find(kKeys.begin(), kKeys.end(), key) != kKeys.end();
}

// A resource limit in Holdfast's words; empty: it is none. Units are powers of 1024.
std::string limit_of(const std::string& text) {
  if (text == "infinity") return "unlimited";
  if (text::parse_number<std::uint64_t>(text)) return text;
  const std::string size = size_of(text);
  return size.ends_with("iB") ? size : std::string();
}

class UnitImport {
 public:
  UnitImport(const Source& source, const std::vector<IniSection>& sections, const Source* timer,
             Stack& stack)
      : source_(source), sections_(sections), timer_(timer), stack_(stack) {}

  Result<void> run();

 private:
  std::string specifiers(std::string_view text);
  std::string written(std::string_view text) { return plain(specifiers(text)); }
  void command();
  void set_command(UnitCommand command);
  void assignment(const IniAssignment& one);
  bool about_processes(const IniAssignment& one);
  bool about_lifecycle(const IniAssignment& one);
  bool about_stopping(const IniAssignment& one);
  bool about_limits(const IniAssignment& one);
  void environment_file(const std::string& value);
  void set_environment(const IniAssignment& one);
  void set_filled(const std::string& key, std::string_view value);
  void working_directory(std::string value);
  void duration(const IniAssignment& one, const std::string& key);
  void watchdog(const IniAssignment& one);
  void unit_section();
  void dependency(const IniAssignment& one);
  void leave_out(const IniAssignment& one, std::string_view why) {
    out_->leave_out(fmt::format("{}={}", one.key, one.value), std::string(why));
  }

  const Source& source_;
  const std::vector<IniSection>& sections_;
  const Source* timer_;  // null: none
  Stack& stack_;
  const IniSection* service_ = nullptr;
  Section* out_ = nullptr;
  std::string unit_;      // "nginx"
  std::string instance_;  // of "getty@tty1": "tty1"
  std::map<std::string, std::string> environment_;
  std::map<std::string, std::string> limits_;
  std::vector<std::string> sandbox_;
  std::vector<std::string> related_;  // units that were told
};

// For the system's own manager.
std::string UnitImport::specifiers(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%' || i + 1 >= text.size()) {
      out += text[i];
      continue;
    }
    const auto at = unit_.find('@');
    const char letter = text[++i];
    switch (letter) {
      case '%': out += '%'; break;
      case 'n': out += unit_ + ".service"; break;
      case 'N': out += unit_; break;
      case 'p': out += unit_.substr(0, at); break;
      case 'i':
      case 'I':
        out += instance_;
        if (instance_.empty()) out_->comment("%i is the instance of a template: fill it in");
        break;
      case 't': out += "/run"; break;
      case 'S': out += "/var/lib"; break;
      case 'C': out += "/var/cache"; break;
      case 'L': out += "/var/log"; break;
      case 'E': out += "/etc"; break;
      case 'T': out += "/tmp"; break;
      default:
        out_->comment(fmt::format("%{} is a specifier of systemd: fill it in", letter));
        out += fmt::format("%{}", letter);
    }
  }
  return out;
}

void UnitImport::set_command(UnitCommand command) {
  std::vector<std::string>& words = command.words;
  bool replaced = true;  // the variables
  bool named = false;    // the second word is its name
  std::string& first = words.front();
  for (; !first.empty() && std::string_view("-@:+!|").find(first.front()) != std::string_view::npos;
       first.erase(0, 1)) {
    if (first.front() == '-')
      out_->comment("ExecStart began with '-': a failure counted as success");
    if (first.front() == '+') out_->comment("ExecStart began with '+': it ran as root");
    if (first.starts_with('!') && !first.starts_with("!!"))
      out_->comment("ExecStart began with '!': it began with all privileges");
    if (first.front() == '|')
      out_->comment("ExecStart began with '|': the user's login shell ran it");
    if (first.front() == '@') named = true;
    if (first.front() == ':') replaced = false;
  }
  if (named && words.size() > 1) {
    out_->leave_out("the name " + words[1],
                    "ExecStart began with '@'; a program is called here "
                    "what its executable is");
    words.erase(words.begin() + 1);
  }
  std::vector<std::string> for_shell;
  bool has_variables = false;
  for (std::string& word : words) {
    word = specifiers(word);
    if (!replaced) continue;
    CommandWord read = command_word(word);
    has_variables = has_variables || read.has_variables;
    for_shell.push_back(std::move(read.for_shell));
    word = std::move(read.text);
  }
  if (has_variables) {
    out_->comment("a shell replaces the variables, as systemd did");
    words = {"sh", "-c", fmt::format("exec {}", fmt::join(for_shell, " "))};
  }
  for (std::string& word : words)
    word = plain(word);
  out_->set_texts("command", words);
}

void UnitImport::command() {
  std::vector<UnitCommand> commands;
  for (const IniAssignment& one : service_->assignments) {
    if (one.key != "ExecStart") continue;
    if (one.value.empty()) commands.clear();
    auto read = unit_commands(one.value);
    if (!read) leave_out(one, kNoWords);
    for (UnitCommand& command : read.value_or(std::vector<UnitCommand>()))
      commands.push_back(std::move(command));
  }
  if (commands.empty()) {
    out_->leave_out("ExecStart", "the unit has none; write the command here");
    return;
  }
  set_command(commands.front());
  for (std::size_t i = 1; i < commands.size(); ++i)
    out_->leave_out("ExecStart=" + commands[i].source,
                    "one command per program: make it a program 'after' "
                    "this one, or call both from a script");
}

void UnitImport::duration(const IniAssignment& one, const std::string& key) {
  if (const auto span = time_span(one.value)) {
    out_->set_duration(key, *span);
  } else {
    leave_out(one, one.value == "infinity" ? "there is always a limit" : kNoTime);
  }
}

void UnitImport::environment_file(const std::string& value) {
  const bool optional = value.starts_with('-');
  const std::string file = specifiers(optional ? value.substr(1) : value);
  if (out_->has("env_file")) {
    out_->leave_out("EnvironmentFile=" + value, "one env_file per program");
  } else if (file.find_first_of("*?[") != std::string::npos) {
    out_->leave_out("EnvironmentFile=" + value, "an env_file is one file, and no pattern");
  } else if (optional) {
    out_->comment("it may be missing ('-'), which Holdfast refuses; if it is there:");
    out_->comment(fmt::format("env_file = \"{}\"", plain(file)));
  } else {
    out_->set_text("env_file", plain(file));
  }
}

void UnitImport::working_directory(std::string value) {
  if (value.starts_with('-')) value.erase(0, 1);
  if (value == "~") {
    out_->leave_out("WorkingDirectory=~", "write the user's home directory");
  } else if (!value.empty()) {
    set_filled("directory", value);
  }
}

void UnitImport::set_environment(const IniAssignment& one) {
  if (one.value.empty()) environment_.clear();
  const auto words = unit_words(one.value);
  if (!words) leave_out(one, kNoWords);
  for (const std::string& word : words.value_or(std::vector<std::string>())) {
    const auto equals = word.find('=');
    if (equals == std::string::npos || equals == 0) {
      out_->leave_out("Environment=" + word, "it is no NAME=value");
    } else {
      environment_[word.substr(0, equals)] = written(word.substr(equals + 1));
    }
  }
}

// What a template's instance has not filled in is told, and left to who reads it.
void UnitImport::set_filled(const std::string& key, std::string_view value) {
  if (const std::string text = written(value); !text.empty()) out_->set_text(key, text);
}

bool UnitImport::about_processes(const IniAssignment& one) {
  if (one.key == "User") {
    set_filled("user", one.value);
  } else if (one.key == "Group") {
    set_filled("group", one.value);
  } else if (one.key == "WorkingDirectory") {
    working_directory(one.value);
  } else if (one.key == "UMask") {
    const std::string mask =
        one.value.size() == 4 && one.value.front() == '0' ? one.value.substr(1) : one.value;
    out_->set_text("umask", mask);
  } else if (one.key == "EnvironmentFile") {
    if (!one.value.empty()) environment_file(one.value);
  } else if (one.key == "Environment") {
    set_environment(one);
  } else {
    return false;
  }
  return true;
}

bool UnitImport::about_lifecycle(const IniAssignment& one) {
  if (one.key == "Restart") {
    const bool always = one.value == "always" || one.value == "on-success";
    if (one.value == "on-success") leave_out(one, "it is restarted after failures as well");
    if (one.value == "on-abnormal" || one.value == "on-abort" || one.value == "on-watchdog")
      leave_out(one,
                "it is restarted after any failure; success_exit_codes names those that are "
                "none");
    out_->set_text("restart", always ? "always" : one.value == "no" ? "never" : "on-failure");
  } else if (one.key == "RestartSec") {
    const auto span = time_span(one.value);
    if (!span) leave_out(one, kNoTime);
    if (span && *span > 0s) {
      out_->set_duration("backoff_base", *span);
      if (*span > 30s) out_->set_duration("backoff_cap", *span);
    }
  } else if (one.key == "TimeoutStartSec") {
    duration(one, "ready_timeout");
  } else if (one.key == "TimeoutStopSec") {
    duration(one, "stop_timeout");
  } else if (one.key == "TimeoutSec") {
    duration(one, "ready_timeout");
    duration(one, "stop_timeout");
  } else if (one.key == "WatchdogSec") {
    watchdog(one);
  } else if (one.key == "TimeoutAbortSec") {
    duration(one, "watchdog_grace");
  } else if (one.key == "RestartMaxDelaySec") {
    const auto span = time_span(one.value);
    if (!span && one.value != "infinity") leave_out(one, kNoTime);
    if (span && *span > 0s) out_->set_duration("backoff_cap", *span);
  } else if (one.key == "SuccessExitStatus") {
    std::vector<std::int64_t> codes;
    for (const std::string& word : split_words(one.value).value_or(std::vector<std::string>())) {
      const auto number = text::parse_number<std::int64_t>(word);
      if (number && *number != 0) codes.push_back(*number);
      if (!number)
        out_->leave_out("SuccessExitStatus=" + word, "write its number; signal n is 128 + n");
    }
    if (!codes.empty()) out_->set_numbers("success_exit_codes", codes);
  } else if (one.key.starts_with("StartLimit")) {
    leave_out(one,
              "retries never end; crash_loop_exits and crash_loop_window say when they are "
              "spaced");
  } else {
    return false;
  }
  return true;
}

// systemd counts from READY=1 on, whatever the service sends then.
void UnitImport::watchdog(const IniAssignment& one) {
  const auto span = time_span(one.value);
  if (!span && one.value != "infinity") leave_out(one, kNoTime);
  if (!span || *span == 0s) return;
  if (!service_->value("Type").starts_with("notify")) {
    leave_out(one,
              "only a program that sends READY=1 (ready = \"notify\") is listened to; others: a "
              "'health' probe with watchdog_source = \"health\"");
    return;
  }
  out_->set_duration("watchdog", *span);
  out_->set_duration("watchdog_interval", std::chrono::floor<std::chrono::milliseconds>(*span / 3));
  out_->set_flag("watchdog_required", true);
}

bool UnitImport::about_stopping(const IniAssignment& one) {
  const auto sent_signal = [&]() -> std::optional<std::string> {
    const auto words = split_words(one.value).value_or(std::vector<std::string>());
    const bool kills = !words.empty() && fs::path(words.front()).filename() == "kill" &&
                       words.back().find("MAINPID") != std::string::npos;
    if (!kills) return {};
    for (std::string word : words) {
      word = word.substr(word.find_first_not_of('-') == std::string::npos
                             ? word.size()
                             : word.find_first_not_of('-'));
      if (word.starts_with("SIG")) word.erase(0, 3);
      const bool letters = word.size() > 2 && text::all_of(word, [](char c) {
                             return text::is_upper(c) || text::is_digit(c);
                           });
      if (letters) return word;
    }
    return "TERM";
  };
  if (one.key == "KillSignal") {
    out_->set_text("stop_signal", one.value.starts_with("SIG") ? one.value.substr(3) : one.value);
  } else if (one.key == "KillMode") {
    if (one.value == "mixed" || one.value == "process") out_->set_text("stop_scope", "main");
    if (one.value == "process") out_->set_flag("keep_descendants", true);
    if (one.value == "none") leave_out(one, "a stop always stops");
  } else if (one.key == "ExecStop") {
    const auto signal = sent_signal();
    if (signal) {
      out_->set_text("stop_signal", *signal);
    } else if (!one.value.empty()) {
      leave_out(one, "a stop is a signal (stop_signal)");
    }
  } else if (one.key == "ExecReload") {
    if (const auto signal = sent_signal()) {
      out_->set_text("reload_signal", *signal);
    } else if (!one.value.empty()) {
      leave_out(one, "a changed program is restarted, worker by worker");
    }
  } else {
    return false;
  }
  return true;
}

bool UnitImport::about_limits(const IniAssignment& one) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kLimits{{
      {"LimitNOFILE", "nofile"},
      {"LimitNPROC", "nproc"},
      {"LimitCORE", "core"},
      {"LimitMEMLOCK", "memlock"},
      {"LimitAS", "as"},
      {"LimitCPU", "cpu"},
      {"LimitFSIZE", "fsize"},
      {"LimitSTACK", "stack"},
  }};
  for (const auto& [key, name] : kLimits) {
    if (one.key != key) continue;
    const auto colon = one.value.find(':');
    const std::string soft = limit_of(one.value.substr(0, colon));
    const std::string hard =
        colon == std::string::npos ? soft : limit_of(one.value.substr(colon + 1));
    if (soft.empty() || hard.empty()) {
      leave_out(one, "it is no number and no size");
    } else if (soft == hard) {
      const bool number = text::parse_number<std::uint64_t>(soft).has_value();
      limits_[std::string(name)] = number ? soft : fmt::format("\"{}\"", soft);
    } else {
      limits_[std::string(name)] = fmt::format("\"{}:{}\"", soft, hard);
    }
    return true;
  }
  if (one.key == "MemoryMax" || one.key == "MemoryHigh") {
    const std::string size = size_of(one.value);
    if (size.empty()) {
      leave_out(one, "");
    } else {
      out_->set_text(one.key == "MemoryMax" ? "memory_max" : "memory_high", size);
    }
  } else if (one.key == "TasksMax" || one.key == "CPUWeight") {
    if (text::parse_number<std::uint32_t>(one.value)) {
      out_->set(one.key == "TasksMax" ? "pids_max" : "cpu_weight", one.value);
    } else {
      leave_out(one, "");
    }
  } else if (one.key == "Nice") {
    out_->set("nice", one.value);
  } else if (one.key == "OOMScoreAdjust") {
    out_->set("oom_score_adj", one.value);
  } else {
    return false;
  }
  return true;
}

void UnitImport::assignment(const IniAssignment& one) {
  static constexpr std::array<std::string_view, 16> kSilent{
      "ExecStart",      "Type",          "PIDFile",        "RemainAfterExit",
      "GuessMainPID",   "BusName",       "NotifyAccess",   "SyslogIdentifier",
      "SyslogFacility", "StandardInput", "StandardOutput", "StandardError",
      "SendSIGHUP",     "Slice",         "TTYPath",        "FinalKillSignal"};
  static constexpr std::array<std::string_view, 18> kSandbox{
      "Protect",   "Private",     "Restrict",     "Capability", "AmbientCapabilities", "NoNewPriv",
      "ReadOnly",  "ReadWrite",   "Inaccessible", "SystemCall", "LockPerson",          "MemoryDeny",
      "RemoveIPC", "DynamicUser", "Device",       "SecureBits", "ProcSubset",          "BindPaths"};
  if (about_processes(one) || about_lifecycle(one) || about_stopping(one) || about_limits(one))
    return;
  const bool sandbox = std::any_of(kSandbox.begin(), kSandbox.end(), [&](std::string_view prefix) {
    return one.key.starts_with(prefix);
  });
  if (one.key == "StandardInput" && one.value != "null") {
    leave_out(one, one.value == "socket" ? kListener : "a program reads /dev/null");
  } else if (sandbox) {
    sandbox_.push_back(fmt::format("{}={}", one.key, one.value));
  } else if (one.key.starts_with("Exec") && one.key != "ExecStart") {
    leave_out(one,
              "make it a oneshot program that this one comes 'after', or call it from the "
              "command");
  } else if (const std::string variable = directory_variable(one.key); !variable.empty()) {
    leave_out(one, fmt::format("create it when you install; who reads {} needs it in 'environment'",
                               variable));
  } else if (std::find(kSilent.begin(), kSilent.end(), one.key) == kSilent.end()) {
    leave_out(one, "");
  }
}

// Only what other programs of the same import are is an order here. One that several keys name is
// told once.
void UnitImport::dependency(const IniAssignment& one) {
  std::vector<std::string> services;
  std::vector<std::string> sockets;
  for (const std::string& word : split_words(one.value).value_or(std::vector<std::string>())) {
    const bool told = std::find(related_.begin(), related_.end(), word) != related_.end();
    if (told || (!word.ends_with(".service") && !word.ends_with(".socket"))) continue;
    related_.push_back(word);
    (word.ends_with(".socket") ? sockets : services).push_back(word);
  }
  if (!services.empty()) {
    const bool follows = one.key == "Before";
    out_->leave_out(fmt::format("{}={}", one.key, fmt::join(services, " ")),
                    follows ? "if it is a program here, name this one in its 'after'"
                            : "if it is a program here, name it in 'after'; if not, order "
                              "holdfast.service after it");
  }
  if (!sockets.empty())
    out_->leave_out(fmt::format("{}={}", one.key, fmt::join(sockets, " ")), std::string(kListener));
}

void UnitImport::unit_section() {
  for (const IniSection& section : sections_) {
    if (section.name != "Unit") continue;
    for (const IniAssignment& one : section.assignments) {
      if (one.key == "Description") {
        out_->comment(one.value);
      } else if (is_dependency(one.key)) {
        dependency(one);
      } else if (one.key == "RequiresMountsFor") {
        leave_out(one, "order holdfast.service after it");
      } else if (one.key.starts_with("StartLimit")) {
        about_lifecycle(one);
      } else if (one.key.starts_with("Condition") || one.key.starts_with("Assert") ||
                 one.key == "OnFailure") {
        leave_out(one, "");
      }
    }
  }
}

Result<void> UnitImport::run() {
  for (const IniSection& section : sections_) {
    if (section.name == "Service") service_ = &section;
  }
  if (service_ == nullptr)
    return fail(ErrorKind::InvalidArgument, "there is no [Service]: it is no service unit");
  unit_ = source_.path.stem().native();
  if (const auto at = unit_.find('@'); at != std::string::npos) instance_ = unit_.substr(at + 1);
  out_ = &stack_.add_program(unit_);
  unit_section();
  command();
  const std::string type = service_->value("Type", "simple");
  if (timer_ != nullptr) {
    if (type != "oneshot")
      out_->comment(
          fmt::format("Type={}: what runs at times is a oneshot, and ends by itself", type));
    out_->set_text("type", "oneshot");
    import_timer(*timer_, *out_);
  } else if (type == "oneshot") {
    out_->set_text("type", "oneshot");
  } else {
    if (type == "forking") {
      out_->comment(
          "Type=forking: it must stay in the foreground here; look for an option such as "
          "--nodaemon, --foreground or -F");
    }
    if (type == "dbus") out_->comment("Type=dbus: its name on the bus is not watched");
    out_->set_text("ready", type.starts_with("notify") ? "notify" : "started");
    if (service_->value("NotifyAccess") == "all" || service_->value("NotifyAccess") == "exec")
      out_->set_text("notify_access", "all");
    if (service_->find("Restart") == nullptr) out_->set_text("restart", "never");
  }
  for (const char* key : {"StandardOutput", "StandardError"}) {
    const std::string value = service_->value(key);
    const auto colon = value.find(':');
    if ((value.starts_with("append:") || value.starts_with("file:") ||
         value.starts_with("truncate:")) &&
        !out_->has("log_file")) {
      out_->set_text("log_file", written(value.substr(colon + 1)));
    }
  }
  for (const IniAssignment& one : service_->assignments)
    assignment(one);
  if (!environment_.empty()) out_->set_environment(environment_);
  if (!limits_.empty()) {
    std::vector<std::string> members;
    for (const auto& [name, value] : limits_)
      members.push_back(fmt::format("{} = {}", name, value));
    out_->set("rlimits", fmt::format("{{ {} }}", fmt::join(members, ", ")));
  }
  if (!sandbox_.empty()) {
    out_->leave_out("the unit's sandbox", "put what all programs can bear into holdfast.service: " +
                                              fmt::format("{}", fmt::join(sandbox_, ", ")));
  }
  return {};
}

}  // namespace

Result<void> import_systemd_unit(const Source& source, const Source* timer, Stack& stack) {
  return UnitImport(source, parse_ini(source.text, IniDialect::Systemd), timer, stack).run();
}

}  // namespace holdfast::supervisor::importer
