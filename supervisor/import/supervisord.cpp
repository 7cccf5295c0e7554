// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/supervisord.hpp"

#include "common/config/value.hpp"
#include "common/text/ascii.hpp"
#include "common/text/number.hpp"
#include "supervisor/import/ini.hpp"
#include "supervisor/import/supervisord_listeners.hpp"
#include "supervisor/import/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace holdfast::supervisor::importer {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

bool is_true(std::string_view text) {
  const std::string word = text::to_lower(text);
  return word == "true" || word == "yes" || word == "on" || word == "1";
}

std::string upper(std::string text) {
  for (char& c : text) {
    if (text::is_lower(c)) c = static_cast<char>(c - 'a' + 'A');
  }
  return text;
}

// "[program:web]": after the colon; nothing if the section is of another kind.
std::optional<std::string> named(const std::string& section, std::string_view kind) {
  if (!section.starts_with(kind)) return {};
  return std::string(text::trim(std::string_view(section).substr(kind.size())));
}

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> items;
  while (!text.empty()) {
    const auto end = text.find_first_of(", \t\n");
    const std::string_view item = text.substr(0, end);
    if (!item.empty()) items.emplace_back(item);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return items;
}

// KEY="value",KEY2=value, over several lines.
std::map<std::string, std::string> split_environment(std::string_view text) {
  std::map<std::string, std::string> variables;
  std::string assignment;
  char quote = '\0';
  const auto end = [&] {
    const std::string_view trimmed = text::trim(assignment);
    if (const auto equals = trimmed.find('='); equals != std::string_view::npos && equals > 0) {
      variables[std::string(text::trim(trimmed.substr(0, equals)))] =
          std::string(text::trim(trimmed.substr(equals + 1)));
    }
    assignment.clear();
  };
  for (const char c : text) {
    if (quote == '\0' && (c == ',' || c == '\n')) {
      end();
    } else if (c == quote) {
      quote = '\0';
    } else if (quote == '\0' && (c == '"' || c == '\'')) {
      quote = c;
    } else {
      assignment += c;
    }
  }
  end();
  return variables;
}

// One [program:x], with the values that it has in common with others.
class ProgramImport {
 public:
  ProgramImport(const Source& source, const IniSection& section, std::string origin,
                std::string group, const IniSection* daemon, Section& out)
      : source_(source),
        section_(section),
        origin_(std::move(origin)),
        group_(std::move(group)),
        daemon_(daemon),
        out_(out) {}

  void run();

 private:
  void command();
  void environment();
  void logs();
  void restart();
  void stop();
  void rest();
  std::string value(std::string_view key, std::string_view otherwise = {}) const {
    return section_.value(key, otherwise);
  }
  bool given(std::string_view key) const { return section_.find(key) != nullptr; }
  std::string expand(std::string_view text);
  std::string expand_one(std::string_view name, std::string_view format, std::string& before);
  bool is_variable(std::string_view key) const {
    return value(key).find("%(ENV_") != std::string::npos;
  }
  std::string absolute(std::string written) const;
  std::string path(const std::string& text) { return absolute(expand(text)); }
  void seconds(std::string_view from, const std::string& to);

  const Source& source_;
  const IniSection& section_;
  const std::string origin_;
  const std::string group_;   // the program's own name, if it is in none
  const IniSection* daemon_;  // [supervisord]
  Section& out_;
  std::optional<std::int64_t> port_;
};

// "%(ENV_HOME)s" and the like. What is not known stays, with a comment.
std::string ProgramImport::expand(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const auto percent = text.find('%');
    out += plain(text.substr(0, percent));
    if (percent == std::string_view::npos) break;
    text.remove_prefix(percent);
    const auto close = text.find(')');
    if (text.starts_with("%%")) {
      out += '%';
      text.remove_prefix(2);
    } else if (text.starts_with("%(") && close != std::string_view::npos) {
      const std::string_view name = text.substr(2, close - 2);
      const auto conversion = text.find_first_of("sd", close + 1);
      const std::size_t end = conversion == std::string_view::npos ? text.size() : conversion + 1;
      out += expand_one(name, text.substr(close + 1, end - close - 1), out);
      text.remove_prefix(end);
    } else {
      out += '%';
      text.remove_prefix(1);
    }
  }
  return out;
}

// `format`: "02d". `before`: what stands before it, from which the digits of a port are taken.
std::string ProgramImport::expand_one(std::string_view name, std::string_view format,
                                      std::string& before) {
  if (name.starts_with("ENV_") && is_variable_name(name.substr(4)))
    return fmt::format("${{{}}}", name.substr(4));
  if (name == "program_name") return plain(origin_);
  if (name == "group_name") return plain(group_);
  if (name == "here") return plain(source_.path.parent_path().native());
  if (name == "numprocs" && !is_variable("numprocs")) return value("numprocs", "1");
  if (name == "numprocs") return expand(value("numprocs"));
  if (name != "process_num") {
    out_.comment(fmt::format("not known here: %({}){}", name, format));
    return std::string(name);
  }
  std::size_t digits = 0;
  while (digits < before.size() && text::is_digit(before[before.size() - 1 - digits]))
    ++digits;
  if (digits == 0) return "{slot}";
  // "80%(process_num)02d": ports from 8000 on.
  const std::size_t width = format.starts_with('0')
                                ? text::parse_number<std::size_t>(format.substr(1, 1)).value_or(1)
                                : 1;
  const std::string first = before.substr(before.size() - digits) + std::string(width, '0');
  const std::int64_t start =
      text::parse_number<std::int64_t>(value("numprocs_start", "0")).value_or(0);
  const std::int64_t port = text::parse_number<std::int64_t>(first).value_or(0) + start;
  if (port < 1 || port > 65'535 || (port_ && *port_ != port)) return "{slot}";
  port_ = port;
  before.resize(before.size() - digits);
  return "{port}";
}

// Absolute: supervisord's own are relative to where it was started.
std::string ProgramImport::absolute(std::string written) const {
  if (written.starts_with('/') || written.starts_with("${")) return written;
  return plain((source_.path.parent_path() / "").native()) + written;
}

void ProgramImport::seconds(std::string_view from, const std::string& to) {
  if (!given(from)) return;
  const std::string text = value(from);
  if (const auto number = text::parse_number<std::int64_t>(text)) {
    out_.set_duration(to, std::chrono::seconds(*number));
  } else if (is_variable(from)) {
    out_.set_text(to, expand(text) + "s");
  } else {
    out_.leave_out(fmt::format("{}={}", from, text), "it is no number of seconds");
  }
}

void ProgramImport::command() {
  if (value("command").empty()) {
    out_.leave_out("command", "the program has none; write it here");
    return;
  }
  auto words = split_words(value("command"));
  if (!words || words->empty()) {
    out_.leave_out("command=" + value("command"), "it cannot be split into words");
    return;
  }
  for (std::string& word : *words)
    word = expand(word);
  if (words->front().find('/') != std::string::npos)
    words->front() = absolute(std::move(words->front()));
  out_.set_texts("command", *words);
}

void ProgramImport::environment() {
  std::map<std::string, std::string> variables;
  for (const IniSection* section : {daemon_, &section_}) {
    if (section == nullptr) continue;
    for (const auto& [name, text] : split_environment(section->value("environment")))
      variables[name] = expand(text);
  }
  if (!variables.empty()) out_.set_environment(variables);
}

void ProgramImport::restart() {
  const std::string policy = text::to_lower(value("autorestart", "unexpected"));
  const bool unexpected = policy == "unexpected";
  if (is_variable("autorestart")) {
    out_.leave_out("autorestart=" + value("autorestart"),
                   "write restart = \"always\", \"on-failure\" or \"never\"");
  } else {
    out_.set_text("restart", unexpected ? "on-failure" : is_true(policy) ? "always" : "never");
  }
  bool with_zero = false;
  std::vector<std::int64_t> successes;
  for (const std::string& code : split_list(value("exitcodes", "0"))) {
    const auto number = text::parse_number<std::int64_t>(code);
    if (number && *number != 0) successes.push_back(*number);
    with_zero = with_zero || number == 0;
    if (!number) out_.leave_out("exitcodes=" + code, "write its number");
  }
  if (!successes.empty()) out_.set_numbers("success_exit_codes", successes);
  if (unexpected && !with_zero)
    out_.comment("exitcodes had no 0: supervisord started it again after an exit with 0");
  seconds("startsecs", "settled_after");
  if (given("startretries")) {
    out_.leave_out("startretries=" + value("startretries"),
                   "retries never end; crash_loop_exits and crash_loop_retry space them");
  }
}

void ProgramImport::stop() {
  if (given("stopsignal")) {
    out_.set_text("stop_signal", is_variable("stopsignal") ? expand(value("stopsignal"))
                                                           : upper(value("stopsignal")));
  }
  seconds("stopwaitsecs", "stop_timeout");
  if (!is_true(value("stopasgroup", "false"))) {
    out_.comment("supervisord signals only the process itself, unless stopasgroup is set");
    out_.set_text("stop_scope", "main");
  }
}

void ProgramImport::logs() {
  const bool merged = is_true(value("redirect_stderr", "false"));
  if (merged) out_.set_text("stderr_level", "info");
  for (const char* key : {"stdout_logfile", "stderr_logfile"}) {
    if (!given(key)) continue;
    const std::string file = value(key);
    const std::string what = fmt::format("{}={}", key, file);
    const bool is_device = file.starts_with("/dev/") || file.starts_with("/proc/");
    const std::string word = text::to_lower(file);
    if (is_device || word == "auto" || word == "none" || word == "off" || word == "syslog" ||
        word.empty()) {
      if (word != "auto" && file != "/dev/stdout" && file != "/dev/stderr")
        out_.leave_out(what, "its lines are in the log of the stack");
    } else if (!out_.has("log_file")) {
      out_.set_text("log_file", path(file));
    } else if (file != value("stdout_logfile")) {
      out_.leave_out(what, "both streams go into log_file; each line says which it was");
    }
  }
  for (const char* key : {"stdout_logfile_maxbytes", "stdout_logfile_backups",
                          "stderr_logfile_maxbytes", "stderr_logfile_backups"}) {
    if (given(key) && value(key) != "0" && out_.has("log_file"))
      out_.leave_out(fmt::format("{}={}", key, value(key)), "[log] max_size and max_files apply");
  }
}

void ProgramImport::rest() {
  if (given("user")) out_.set_text("user", expand(value("user")));
  const std::string umask =
      value("umask", daemon_ == nullptr ? std::string() : daemon_->value("umask"));
  if (!umask.empty()) out_.set_text("umask", umask);
  if (is_variable("autostart")) {
    out_.comment("of true and false; supervisord knows other words, too");
    out_.set_text("autostart", expand(value("autostart")));
  } else if (given("autostart") && !is_true(value("autostart"))) {
    out_.set_flag("autostart", false);
  }
  if (given("priority"))
    out_.leave_out("priority=" + value("priority"), "name what it comes after in 'after'");
  const std::string process_name = value("process_name");
  if (!process_name.empty() && process_name.find("process_num") == std::string::npos &&
      process_name != "%(program_name)s") {
    out_.leave_out("process_name=" + process_name, "workers are called NAME.0, NAME.1, …");
  }
  static constexpr std::array<std::string_view, 33> kKnown{"command",
                                                           "environment",
                                                           "directory",
                                                           "numprocs",
                                                           "numprocs_start",
                                                           "process_name",
                                                           "priority",
                                                           "autostart",
                                                           "autorestart",
                                                           "exitcodes",
                                                           "startsecs",
                                                           "startretries",
                                                           "stopsignal",
                                                           "stopwaitsecs",
                                                           "stopasgroup",
                                                           "killasgroup",
                                                           "user",
                                                           "umask",
                                                           "redirect_stderr",
                                                           "stdout_logfile",
                                                           "stderr_logfile",
                                                           "stdout_logfile_maxbytes",
                                                           "stdout_logfile_backups",
                                                           "stderr_logfile_maxbytes",
                                                           "stderr_logfile_backups",
                                                           "stdout_capture_maxbytes",
                                                           "stderr_capture_maxbytes",
                                                           "stdout_events_enabled",
                                                           "stderr_events_enabled",
                                                           "stdout_syslog",
                                                           "stderr_syslog",
                                                           "loglevel",
                                                           "serverurl"};
  for (const IniAssignment& one : section_.assignments) {
    const bool known = std::find(kKnown.begin(), kKnown.end(), one.key) != kKnown.end();
    const bool nothing_like_it = one.key.find("capture") != std::string::npos ||
                                 one.key.find("events") != std::string::npos ||
                                 one.key.find("syslog") != std::string::npos ||
                                 one.key == "serverurl";
    if (!known || nothing_like_it) {
      out_.leave_out(fmt::format("{}={}", one.key, one.value),
                     one.key == "socket" ? "a FastCGI socket on descriptor 0; Holdfast passes "
                                           "sockets from 3 on (sockets = […])"
                                         : "");
    }
  }
}

void ProgramImport::run() {
  command();
  const std::string directory =
      value("directory", daemon_ == nullptr ? std::string() : daemon_->value("directory"));
  if (!directory.empty()) out_.set_text("directory", path(directory));
  const auto processes = text::parse_number<std::int64_t>(value("numprocs", "1"));
  if (processes && *processes != 1) out_.set_number("replicas", *processes);
  if (!processes && is_variable("numprocs")) {
    out_.set_text("replicas", expand(value("numprocs")));
  } else if (!processes) {
    out_.leave_out("numprocs=" + value("numprocs"), "it is no number");
  }
  out_.set_text("ready", "started");
  environment();
  restart();
  stop();
  logs();
  rest();
  if (port_) out_.set_number("port", *port_);
  if (value("numprocs_start", "0") != "0" && !port_)
    out_.leave_out("numprocs_start=" + value("numprocs_start"), "slots count from 0");
}

void import_daemon(const IniSection& section, Stack& stack) {
  for (const IniAssignment& one : section.assignments) {
    const std::string what = fmt::format("[supervisord] {}={}", one.key, one.value);
    if (one.key == "loglevel") {
      const std::string level = text::to_lower(one.value);
      stack.log.set_text("level", level == "critical"  ? "error"
                                  : level == "blather" ? "trace"
                                                       : level);
    } else if (one.key == "logfile") {
      const bool file = one.value.starts_with('/') && !one.value.starts_with("/dev/") &&
                        !one.value.starts_with("/proc/");
      if (file) stack.log.comment("supervisord's own log; Holdfast's has the programs' lines too");
      if (file) stack.log.set_text("file", plain(one.value));
    } else if (one.key == "logfile_maxbytes") {
      if (one.value != "0") stack.log.set_text("max_size", size_of(one.value));
    } else if (one.key == "logfile_backups") {
      const auto number = text::parse_number<std::int64_t>(one.value);
      if (number) stack.log.set_number("max_files", *number + 1);
    } else if (one.key == "user" && one.value != "root") {
      stack.top.leave_out(what, "start the supervisor as that user");
    } else if (one.key == "minfds" || one.key == "minprocs") {
      stack.top.leave_out(what, "use rlimits = { nofile = …, nproc = … }");
    } else if (one.key == "childlogdir" || one.key == "strip_ansi" || one.key == "identifier") {
      stack.top.leave_out(what, "");
    }
  }
  if (section.value("nodaemon") != "true")
    stack.top.comment("holdfast run stays in the foreground: let systemd or a container start it");
}

void import_section(const Source& source, const IniSection& section, const IniSection* daemon,
                    const std::map<std::string, std::string>& groups, Stack& stack) {
  const auto group_of = [&](const std::string& program) {
    const auto found = groups.find(program);
    return found == groups.end() ? program : found->second;
  };
  if (const auto name = named(section.name, "program:")) {
    ProgramImport(source, section, *name, group_of(*name), daemon, stack.add_program(*name)).run();
  } else if (const auto fcgi = named(section.name, "fcgi-program:")) {
    ProgramImport(source, section, *fcgi, group_of(*fcgi), daemon, stack.add_program(*fcgi)).run();
  } else if (section.name == "inet_http_server" || section.name == "unix_http_server") {
    stack.top.leave_out(fmt::format("[{}]", section.name),
                        "the status endpoint is [supervisor] status_listen, commands go to "
                        "admin.sock");
  }
}

// When all programs are there that they may be about.
void import_listeners(const std::vector<std::vector<IniSection>>& files, Stack& stack) {
  for (const auto& sections : files) {
    for (const IniSection& section : sections) {
      const auto listener = named(section.name, "eventlistener:");
      if (!listener || import_listener(section, stack)) continue;
      stack.top.leave_out(
          fmt::format("[eventlistener:{}] command={}", *listener, section.value("command")),
          "there is no such protocol; 'holdfast events -f --json' and /events tell "
          "the same");
    }
  }
}

using Files = std::vector<std::vector<IniSection>>;

// [group:x] names programs, which may stand in another file. A program's last group.
std::map<std::string, std::string> groups_of(const Files& files) {
  std::map<std::string, std::string> groups;
  for (const auto& sections : files) {
    for (const IniSection& section : sections) {
      const auto group = named(section.name, "group:");
      if (!group) continue;
      for (const std::string& program : split_list(section.value("programs")))
        groups[program] = *group;
    }
  }
  return groups;
}

void import_group(const IniSection& section, const std::string& group,
                  std::map<std::string, std::vector<std::string>>& groups, Stack& stack) {
  for (const std::string& program : split_list(section.value("programs"))) {
    const std::string name = stack.name_of(program);
    if (name.empty()) {
      stack.top.leave_out(fmt::format("[group:{}] programs={}", group, program),
                          "there is no such program here");
    } else {
      groups["program." + name].push_back(group);
    }
  }
  for (const IniAssignment& one : section.assignments) {
    if (one.key == "programs") continue;
    stack.top.leave_out(fmt::format("[group:{}] {}={}", group, one.key, one.value),
                        one.key == "priority" ? "name what comes after what in 'after'" : "");
  }
}

void import_groups(const Files& files, Stack& stack) {
  std::map<std::string, std::vector<std::string>> groups;  // by "program.NAME"
  for (const auto& sections : files) {
    for (const IniSection& section : sections) {
      if (const auto group = named(section.name, "group:"))
        import_group(section, *group, groups, stack);
    }
  }
  for (Section& program : stack.programs()) {
    const auto found = groups.find(program.name());
    if (found != groups.end()) program.set_texts("groups", found->second);
  }
}

}  // namespace

std::vector<std::string> includes_of_supervisord(const Source& source) {
  std::vector<std::string> patterns;
  for (const IniSection& section : parse_ini(source.text, IniDialect::Supervisord)) {
    if (section.name != "include") continue;
    for (std::string pattern : split_list(section.value("files"))) {
      if (const auto here = pattern.find("%(here)s"); here != std::string::npos)
        pattern.replace(here, 8, source.path.parent_path().native());
      patterns.push_back(std::move(pattern));
    }
  }
  return patterns;
}

void import_supervisord(const std::vector<Source>& sources, Stack& stack) {
  std::vector<std::vector<IniSection>> files;
  for (const Source& source : sources)
    files.push_back(parse_ini(source.text, IniDialect::Supervisord));
  const IniSection* daemon = nullptr;
  for (const auto& sections : files) {
    for (const IniSection& section : sections) {
      if (section.name == "supervisord") daemon = &section;
    }
  }
  if (daemon != nullptr) import_daemon(*daemon, stack);
  const std::map<std::string, std::string> groups = groups_of(files);
  for (std::size_t i = 0; i < sources.size(); ++i) {
    for (const IniSection& section : files[i])
      import_section(sources[i], section, daemon, groups, stack);
  }
  import_groups(files, stack);
  import_listeners(files, stack);
}

}  // namespace holdfast::supervisor::importer
