// SPDX-License-Identifier: Apache-2.0
#include "supervisor/import/pm2.hpp"

#include "common/text/ascii.hpp"
#include "common/text/number.hpp"
#include "supervisor/import/js_value.hpp"
#include "supervisor/import/words.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>

namespace holdfast::supervisor::importer {

namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

bool is_expression(const JsValue& value) {
  return std::holds_alternative<JsExpression>(value.data);
}

bool is_true(const JsValue* value) {
  return value != nullptr && value->flag() != nullptr && *value->flag();
}

// A number of milliseconds, or a text such as "10s".
std::optional<Duration> duration_of(const JsValue& value) {
  if (const double* number = value.number())
    return std::chrono::milliseconds(static_cast<std::int64_t>(*number));
  const std::string text = value.text();
  std::size_t digits = 0;
  while (digits < text.size() && text::is_digit(text[digits]))
    ++digits;
  const auto number = text::parse_number<std::int64_t>(std::string_view(text).substr(0, digits));
  const std::string unit = text.substr(digits);
  if (!number) return {};
  if (unit.empty() || unit == "ms") return std::chrono::milliseconds(*number);
  if (unit == "s") return std::chrono::seconds(*number);
  if (unit == "m") return std::chrono::minutes(*number);
  if (unit == "h") return std::chrono::hours(*number);
  return {};
}

std::string interpreter_for(const std::string& script) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 10> kByExtension{{
      {".js", "node"},
      {".mjs", "node"},
      {".cjs", "node"},
      {".ts", "ts-node"},
      {".tsx", "ts-node"},
      {".py", "python3"},
      {".sh", "bash"},
      {".rb", "ruby"},
      {".php", "php"},
      {".pl", "perl"},
  }};
  for (const auto& [extension, interpreter] : kByExtension) {
    if (script.ends_with(extension)) return std::string(interpreter);
  }
  return {};
}

// PM2's own name of a key: it takes others as well, and each of several words in camelCase.
std::string canonical_key(std::string_view key) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 19> kAliases{{
      {"exec", "script"},
      {"cmd", "script"},
      {"command", "script"},
      {"arguments", "args"},
      {"exec_interpreter", "interpreter"},
      {"interpreter_args", "node_args"},
      {"out", "out_file"},
      {"output", "out_file"},
      {"out_log", "out_file"},
      {"error", "error_file"},
      {"err", "error_file"},
      {"err_file", "error_file"},
      {"err_log", "error_file"},
      {"log", "log_file"},
      {"cron", "cron_restart"},
      {"combine_logs", "merge_logs"},
      {"pid", "pid_file"},
      {"user", "uid"},
      {"username", "uid"},
  }};
  std::string snake;
  for (const char c : key) {
    const bool camel = text::is_upper(c) && key.find('_') == std::string_view::npos;
    if (camel) snake += '_';
    snake += camel ? text::to_lower(c) : c;
  }
  for (const auto& [alias, name] : kAliases) {
    if (snake == alias) return std::string(name);
  }
  return snake;
}

// The member of that name, or else of an alias; a null counts as missing.
const JsValue* find_key(const JsValue& app, std::string_view key) {
  if (app.object() == nullptr) return nullptr;
  const JsValue* found = nullptr;
  for (const auto& [name, value] : *app.object()) {
    if (value.is_null() || canonical_key(name) != key) continue;
    if (found == nullptr || name == key) found = &value;
  }
  return found;
}

class AppImport {
 public:
  AppImport(const JsValue& app, const fs::path& directory, const Machine& machine, Section& out)
      : app_(app), directory_(plain(directory.native())), machine_(machine), out_(out) {}

  void run();

 private:
  // The value of the key, which is then accounted for; null values count as missing.
  const JsValue* look(std::string_view key);
  // The same, but what only JavaScript can tell becomes a comment and counts as missing.
  const JsValue* take(std::string_view key);
  void leave_out(std::string_view key, const std::string& why);
  std::vector<std::string> words_of(std::string_view key, const JsValue& value);
  std::vector<std::string> texts_of(std::string_view key, const JsValue& value);
  std::string path(const std::string& text) const;
  void command();
  void instances();
  void environment();
  void stop_exit_codes(const JsValue& value);
  void restart();
  void cron_restart();
  void watch();
  void stop();
  void logs();
  void others();
  void set_duration(std::string_view from, const std::string& to);

  const JsValue& app_;
  std::string directory_;  // as it is written: of the file, then of the app
  const Machine& machine_;
  Section& out_;
  std::vector<std::string_view> taken_;
  std::map<std::string, std::string> variables_;  // of the command line
  bool runs_node_ = false;
  bool many_ = false;
};

const JsValue* AppImport::look(std::string_view key) {
  taken_.push_back(key);
  return find_key(app_, key);
}

const JsValue* AppImport::take(std::string_view key) {
  const JsValue* const value = look(key);
  if (value == nullptr || !is_expression(*value)) return value;
  out_.leave_out(fmt::format("{}: {}", key, value->text()), "only JavaScript can tell");
  return nullptr;
}

void AppImport::leave_out(std::string_view key, const std::string& why) {
  const JsValue* const value = look(key);
  if (value != nullptr) out_.leave_out(fmt::format("{}: {}", key, value->text()), why);
}

// Of an array, or of a text that PM2 splits. Some of the words of a list are worse than none.
std::vector<std::string> AppImport::words_of(std::string_view key, const JsValue& value) {
  std::vector<std::string> words;
  if (const JsArray* items = value.array()) {
    for (const JsValue& item : *items)
      words.push_back(item.text());
    if (!std::any_of(items->begin(), items->end(), is_expression)) return words;
    out_.leave_out(fmt::format("{}: [{}]", key, fmt::join(words, ", ")),
                   "only JavaScript can tell");
    return {};
  }
  return split_words(value.text()).value_or(std::vector<std::string>{value.text()});
}

std::string AppImport::path(const std::string& text) const {
  if (text.starts_with('/') || text.starts_with("${")) return text;
  return normal_path(directory_ + "/" + text);
}

void AppImport::set_duration(std::string_view from, const std::string& to) {
  const JsValue* const value = take(from);
  if (value == nullptr) return;
  if (const auto duration = duration_of(*value)) {
    out_.set_duration(to, *duration);
  } else {
    out_.leave_out(fmt::format("{}: {}", from, value->text()), "it is no time");
  }
}

void AppImport::command() {
  if (const JsValue* cwd = take("cwd")) directory_ = path(cwd->text());
  const JsValue* const script = look("script");
  const JsValue* const interpreter = take("interpreter");
  std::vector<std::string> words;
  const std::string name = script == nullptr ? std::string() : script->text();
  const bool is_line = name.find(' ') != std::string::npos;
  // PM2 has a shell run a line, whatever the interpreter is.
  std::string runs = is_line                  ? ""
                     : interpreter == nullptr ? interpreter_for(name)
                                              : interpreter->text();
  if (runs == "none") runs.clear();
  if (script == nullptr || is_expression(*script)) {
    out_.leave_out("script: " + name, "only JavaScript can tell; write the command here");
    return;
  }
  runs_node_ = runs.ends_with("node");
  if (const JsValue* given = take("node_args"); given != nullptr && !runs.empty())
    words = words_of("node_args", *given);
  if (!runs.empty()) words.insert(words.begin(), runs);
  if (is_line) {
    const ShellCommand shell = shell_command(name);
    words = shell.command;
    for (const auto& [variable, text] : shell.environment)
      variables_[variable] = plain(text);
    if (shell.needs_shell) words.back() = plain(words.back());
  } else {
    const bool in_path =
        runs.empty() && name.find('/') == std::string::npos && name.find('.') == std::string::npos;
    words.push_back(in_path ? name : path(name));
    if (name == "serve")
      out_.comment("PM2's own server of files, if it is not a program of that name: take another");
    if (runs.empty() && !in_path && interpreter == nullptr)
      out_.comment("PM2 runs it with node if it is no binary: so write, unless it has a line '#!'");
  }
  if (const JsValue* given = take("args")) {
    for (std::string& word : words_of("args", *given))
      words.push_back(std::move(word));
  }
  out_.set_texts("command", words);
  out_.set_text("directory", directory_);
}

void AppImport::instances() {
  const JsValue* const value = take("instances");
  const JsValue* const mode = take("exec_mode");
  // What Node.js runs is a cluster as soon as `instances` is given.
  const bool cluster = mode == nullptr ? runs_node_ : mode->text().starts_with("cluster");
  if (value != nullptr) {
    const std::string text = value->text();
    const auto number = text::parse_number<std::int64_t>(text);
    const auto processors = static_cast<std::int64_t>(machine_.processors);
    if (text == "max" || (number && *number <= 0)) {
      out_.comment(fmt::format("instances: {} on this machine", text));
      out_.set_number("replicas", std::max<std::int64_t>(1, processors + number.value_or(0)));
      many_ = processors + number.value_or(0) > 1;
    } else if (constexpr std::string_view kMax = ":-max}"; text.ends_with(kMax)) {
      out_.comment("instances: max on this machine");
      out_.set_text("replicas", fmt::format("{}:-{}}}", text.substr(0, text.size() - kMax.size()),
                                            std::max<std::int64_t>(1, processors)));
      many_ = true;
    } else if (text.starts_with("${")) {
      out_.set_text("replicas", text);
      many_ = true;
    } else if (number) {
      if (*number != 1) out_.set_number("replicas", *number);
      many_ = *number > 1;
    } else {
      out_.leave_out("instances: " + text, "only JavaScript can tell");
    }
  }
  if (cluster && many_) {
    out_.leave_out("exec_mode: cluster",
                   "there is no shared port by itself; give each worker its own ('port', "
                   "{port}), or let all inherit one listener (sockets = [\"http\"]; in Node: "
                   "server.listen({ fd: 3 }))");
  }
}

void AppImport::environment() {
  std::map<std::string, std::string> variables = variables_;
  if (const JsValue* env = take("env"); env != nullptr && env->object() != nullptr) {
    for (const auto& [name, value] : *env->object()) {
      if (is_expression(value)) {
        out_.leave_out(fmt::format("env.{}: {}", name, value.text()), "only JavaScript can tell");
      } else {
        variables[name] = value.text();
      }
    }
  }
  // A short way to write the variable.
  if (const JsValue* port = take("port")) variables["PORT"] = port->text();
  const JsValue* const instance = take("instance_var");
  if (many_ || instance != nullptr)
    variables.try_emplace(instance == nullptr ? "NODE_APP_INSTANCE" : instance->text(), "{slot}");
  if (const JsValue* increment = take("increment_var"); increment != nullptr) {
    const auto first = variables.find(increment->text());
    const auto port =
        first == variables.end() ? std::nullopt : text::parse_number<std::int64_t>(first->second);
    if (port) {
      out_.set_number("port", *port);
      first->second = "{port}";
    }
  }
  if (!variables.empty()) out_.set_environment(variables);
  if (const JsValue* file = take("env_file")) out_.set_text("env_file", path(file->text()));
  if (app_.object() == nullptr) return;
  for (const auto& [key, value] : *app_.object()) {
    if (!key.starts_with("env_") || key == "env_file" || value.object() == nullptr) continue;
    taken_.push_back(key);
    std::string texts;
    for (const auto& [name, text] : *value.object())
      texts += fmt::format("{}{} = {}", texts.empty() ? "" : ", ", name, text.text());
    out_.leave_out(fmt::format("{}: {{ {} }}", key, texts),
                   "variables of one stage; put them into `environment` where they apply");
  }
}

// With these it stays down.
void AppImport::stop_exit_codes(const JsValue& value) {
  bool with_zero = false;
  std::vector<std::int64_t> successes;
  for (const std::string& word : words_of("stop_exit_codes", value)) {
    const auto code = text::parse_number<std::int64_t>(word);
    if (!code) out_.leave_out("stop_exit_codes: " + word, "it is no number");
    if (code && *code != 0) successes.push_back(*code);
    with_zero = with_zero || code == 0;
  }
  if (successes.empty() && !with_zero) return;
  out_.set_text("restart", "on-failure");
  if (!successes.empty()) out_.set_numbers("success_exit_codes", successes);
  if (!with_zero) out_.comment("PM2 started it again after an exit with 0, which is none of these");
}

void AppImport::restart() {
  const JsValue* const again = take("autorestart");
  const JsValue* const codes = take("stop_exit_codes");
  if (again != nullptr && again->flag() != nullptr && !*again->flag()) {
    out_.set_text("restart", "never");
  } else if (codes != nullptr) {
    stop_exit_codes(*codes);
  }
  set_duration("min_uptime", "settled_after");
  if (const JsValue* delay = take("restart_delay"); delay != nullptr) {
    const auto duration = duration_of(*delay);
    if (duration && *duration > 0s) {
      out_.set_duration("backoff_base", *duration);
      out_.set_number("backoff_factor", 1);
    }
  }
  set_duration("exp_backoff_restart_delay", "backoff_base");
  leave_out("max_restarts", "retries never end; crash_loop_exits and crash_loop_retry space them");
  cron_restart();
}

void AppImport::cron_restart() {
  const JsValue* const value = take("cron_restart");
  if (value == nullptr || value->flag() != nullptr || value->number() != nullptr) return;
  out_.leave_out("cron_restart: " + value->text(),
                 "let cron run `holdfast restart NAME`, a rolling restart; a program of the stack "
                 "has no say over the stack");
}

void AppImport::stop() {
  out_.comment("PM2 stops with SIGINT, and waits 1.6 s");
  out_.set_text("stop_signal", "INT");
  if (is_true(take("shutdown_with_message")))
    leave_out("shutdown_with_message", "handle the signal");
  if (find_key(app_, "kill_timeout") == nullptr) out_.set_duration("stop_timeout", 1600ms);
  set_duration("kill_timeout", "stop_timeout");
  const JsValue* const tree = take("treekill");
  if (tree != nullptr && tree->flag() != nullptr && !*tree->flag())
    out_.set_text("stop_scope", "main");
}

void AppImport::logs() {
  std::string file;
  for (const char* key : {"log_file", "out_file", "error_file"}) {
    const JsValue* const value = take(key);
    if (value == nullptr || value->text().empty() || value->flag() != nullptr) continue;
    const std::string text = value->text();
    if (text == "/dev/null" || text == "NULL") {
      out_.leave_out(fmt::format("{}: {}", key, text), "its lines are in the log of the stack");
    } else if (text.starts_with("/dev/")) {
      continue;
    } else if (file.empty()) {
      file = path(text);
      out_.set_text("log_file", file);
    } else if (path(text) != file) {
      out_.leave_out(fmt::format("{}: {}", key, text),
                     "both streams go into log_file; each line says which it was");
    }
  }
  for (const char* key : {"merge_logs", "log_date_format", "time", "log_type"})
    look(key);  // each line has its time and worker
}

void AppImport::others() {
  if (is_true(take("wait_ready"))) {
    out_.comment("wait_ready: process.send('ready') is PM2's own; let a probe find out:");
    out_.comment("ready = \"http://127.0.0.1:3000/\"");
    set_duration("listen_timeout", "ready_timeout");
  } else {
    look("listen_timeout");
  }
  out_.set_text("ready", "started");
  if (const JsValue* user = take("uid")) out_.set_text("user", user->text());
  if (const JsValue* group = take("gid")) out_.set_text("group", group->text());
  if (const JsValue* memory = take("max_memory_restart")) {
    const std::string size = size_of(memory->text());
    if (size.empty()) {
      out_.leave_out("max_memory_restart: " + memory->text(), "it is no size");
    } else {
      out_.set_text("memory_high", size);
    }
  }
  watch();
  for (const char* key :
       {"name", "namespace", "vizion", "pmx", "automation", "source_map_support",
        "disable_source_map_support", "append_env_to_name", "trace", "disable_logs"})
    look(key);
  if (app_.object() == nullptr) return;
  for (const auto& [key, value] : *app_.object()) {
    const bool taken = std::find(taken_.begin(), taken_.end(), canonical_key(key)) != taken_.end();
    if (!taken && !value.is_null()) out_.leave_out(fmt::format("{}: {}", key, value.text()), "");
  }
}

// PM2 has globs and regular expressions here.
bool is_regular_expression(const std::string& pattern) {
  return pattern.find_first_of("^$(|+") != std::string::npos ||
         pattern.find("[\\/") != std::string::npos;
}

void AppImport::watch() {
  const JsValue* const value = take("watch");
  const JsValue* const ignored = take("ignore_watch");
  const bool off = value == nullptr || (value->flag() != nullptr && !*value->flag());
  if (off) {
    for (const char* key : {"watch_delay", "watch_options"})
      look(key);
    return;
  }
  std::vector<std::string> patterns{"**"};
  if (value->flag() == nullptr) patterns = texts_of("watch", *value);
  if (patterns.empty()) return;
  out_.comment(
      "in effect in development, or with holdfast run --watch; what git ignores is left out");
  out_.set_texts("watch", patterns);
  // What PM2 leaves out if nothing is said.
  std::vector<std::string> ignore{"node_modules/", ".*"};
  if (ignored != nullptr && ignored->flag() == nullptr) ignore = texts_of("ignore_watch", *ignored);
  if (!ignore.empty()) out_.set_texts("watch_ignore", ignore);
  set_duration("watch_delay", "watch_delay");
  leave_out("watch_options", "files are watched with inotify");
}

// The items of an array, or one text.
std::vector<std::string> AppImport::texts_of(std::string_view key, const JsValue& value) {
  std::vector<std::string> texts;
  const auto add = [&](const JsValue& item) {
    const std::string text = item.text();
    if (is_expression(item) || is_regular_expression(text)) {
      out_.leave_out(fmt::format("{}: {}", key, text),
                     "write a pattern such as \"src/**/*.js\", or \"logs/\"");
    } else if (!text.empty()) {
      texts.push_back(plain(text));
    }
  };
  if (const JsArray* items = value.array()) {
    for (const JsValue& item : *items)
      add(item);
  } else {
    add(value);
  }
  return texts;
}

void AppImport::run() {
  command();
  instances();
  environment();
  restart();
  stop();
  logs();
  others();
}

// What PM2 takes for a list of apps: { apps: […] }, […], or one app.
JsArray apps_of(const JsValue& document) {
  if (const JsValue* apps = document.find("apps")) {
    if (apps->array() != nullptr) return *apps->array();
    return {*apps};
  }
  if (document.array() != nullptr) return *document.array();
  return find_key(document, "script") == nullptr ? JsArray() : JsArray{document};
}

std::string name_of(const JsValue& app) {
  if (const JsValue* name = app.find("name"); name != nullptr && !name->text().empty())
    return name->text();
  const JsValue* const script = find_key(app, "script");
  return script == nullptr ? "app" : fs::path(script->text()).stem().native();
}

}  // namespace

Result<void> import_pm2(const Source& source, const Machine& machine, Stack& stack) {
  const fs::path directory = source.path.parent_path();
  HOLDFAST_TRY_ASSIGN(const JsValue document, parse_js(source.text, directory.native()));
  const JsArray apps = apps_of(document);
  if (apps.empty()) {
    return fail(ErrorKind::InvalidArgument,
                "there is no `apps` with a script: it is no ecosystem file of PM2");
  }
  if (std::none_of(apps.begin(), apps.end(),
                   [](const JsValue& app) { return app.object() != nullptr; })) {
    return fail(
        ErrorKind::InvalidArgument,
        fmt::format("only JavaScript can tell which apps there are (`{}`); print them with: "
                    "node -p \"JSON.stringify(require('./ecosystem.config.js'))\" and "
                    "import that",
                    apps.front().text().substr(0, 80)));
  }
  for (const JsValue& app : apps) {
    if (app.object() == nullptr) {
      stack.top.leave_out(app.text(), "only JavaScript can tell");
      continue;
    }
    AppImport(app, directory, machine, stack.add_program(name_of(app))).run();
  }
  if (document.find("deploy") != nullptr)
    stack.top.leave_out("deploy", "deploying is not a supervisor's work");
  return {};
}

}  // namespace holdfast::supervisor::importer
