// SPDX-License-Identifier: Apache-2.0
#include "tests/support/stack.hpp"

#include <signal.h>

#include <cstdlib>
#include <fstream>
#include <sstream>
#include <stdexcept>

namespace holdfast::test {

namespace {

using nlohmann::json;

http::Response ask(const std::string& method, const std::string& url, const std::string& body = "",
                   const http::Headers& headers = {}) {
  http::FetchOptions options;
  options.deadline = std::chrono::seconds(30);
  options.max_response_bytes = 64u << 20;
  auto answer = http::fetch(method, url, headers, body, options);
  if (!answer) throw std::runtime_error(url + ": " + answer.error().message);
  return *answer;
}

}  // namespace

bool sanitized() {
  return std::getenv("HOLDFAST_SANITIZED_BIN") != nullptr;
}

std::filesystem::path bin_dir() {
  if (sanitized()) return std::getenv("HOLDFAST_SANITIZED_BIN");
  return std::filesystem::read_symlink("/proc/self/exe").parent_path();
}

Stack::Stack(const std::string& toml, std::map<std::string, std::string> environment,
             std::vector<std::string> command, std::filesystem::path runtime_dir,
             std::vector<int> inherited)
    : extra_(std::move(environment)),
      command_(std::move(command)),
      runtime_dir_(std::move(runtime_dir)),
      inherited_(std::move(inherited)) {
  if (command_.empty()) command_ = {bin_dir() / "holdfast", "run"};
  write_config(toml);
  start();
}

void Stack::write_config(const std::string& toml) {
  std::ofstream(config_file(), std::ios::trunc) << toml;
}

std::map<std::string, std::string> Stack::environment() const {
  std::map<std::string, std::string> result{
      {"HOLDFAST_CONFIG", config_file()},
      {"HOLDFAST_STATE_DIR", dir_ / "state"},
      {"HOLDFAST_RUNTIME_DIR", this->runtime_dir()},
      {"HOLDFAST_TEST_ID", dir_.path()},  // by which leftovers are found
      {"STATUS_LISTEN", "127.0.0.1:0"},
      {"NOTIFY_SOCKET", ""},
      {"RATE_LIMIT_MAX", "1000000"},  // a test is one client, and a busy one
  };
  for (const auto& [name, value] : extra_)
    result[name] = value;
  return result;
}

void Stack::start() {
  process_ = std::make_unique<Process>(command_, ProcessOptions{.environment = environment(),
                                                                .output = file("output.log"),
                                                                .inherited = inherited_});
}

json Stack::status() {
  const auto answer = http::fetch(
      "GET", "unix:" + (runtime_dir() / "status.sock").string() + ":/status", {}, "", {});
  if (!answer || answer->status != 200) return nullptr;
  return json::parse(answer->body, nullptr, false);
}

// The fleet is ready with min_ready slots; a test goes on to look at every one of them.
static bool all_slots_ready(const json& status) {
  for (const json& program : status.at("programs")) {
    const bool counts = program.at("required") && program.at("type") == "service" &&
                        !program.value("dormant", false);
    if (counts && program.at("ready") < program.at("wanted")) return false;
  }
  return true;
}

void Stack::wait_ready(std::chrono::steady_clock::duration limit) {
  const bool ready = wait_until(
      [this] {
        if (process_->poll()) {
          throw std::runtime_error("the supervisor ended; its output:\n" + process_->output());
        }
        const json now = status();
        return now.is_object() && now.value("ready", false) && all_slots_ready(now);
      },
      limit);
  if (!ready) throw std::runtime_error("not ready in time; output:\n" + process_->output());
}

json Stack::worker(const std::string& name) {
  const json now = status();
  if (now.is_object()) {
    for (const json& program : now["programs"]) {
      for (const json& worker : program["workers"]) {
        if (worker.value("name", "") == name) return worker;
      }
    }
  }
  return json::object();
}

void Stack::signal(const std::string& name, int number) {
  pid_t pid = 0;
  wait_until([&] { return (pid = pid_of(name)) > 0; });
  signal_process(pid, number);
}

bool Stack::wait_state(const std::string& name, const std::string& state) {
  return wait_until([&] { return state_of(name) == state; });
}

std::vector<json> Stack::events() {
  const std::string url = "unix:" + (runtime_dir() / "status.sock").string() + ":/events?limit=";
  const auto last = http::fetch("GET", url + "1&after=18446744073709551614", {}, "", {});
  if (!last || last->status != 200) return {};
  const auto seq = json::parse(last->body).value("last_seq", std::uint64_t{0});
  const auto after = std::to_string(seq > 1000 ? seq - 1000 : 0);
  const auto answer = http::fetch("GET", url + "1000&after=" + after, {}, "", {});
  if (!answer || answer->status != 200) return {};
  return json::parse(answer->body)["events"].get<std::vector<json>>();
}

bool Stack::wait_event(const std::string& kind, const std::string& text) {
  return wait_until([&] {
    for (const json& event : events()) {
      if (event.value("kind", "") != kind) continue;
      if (event.value("message", "").find(text) != std::string::npos) return true;
    }
    return false;
  });
}

bool Stack::force_stop() {
  return wait_until([&] {
    supervisor().signal(SIGTERM);
    return supervisor().output().find("second shutdown request") != std::string::npos;
  });
}

bool Stack::wait_logged(const std::string& text) {
  return wait_until([&] { return supervisor().output().find(text) != std::string::npos; });
}

Stack::Answer Stack::command(const std::vector<std::string>& arguments) {
  std::vector<std::string> argv{bin_dir() / "holdfast"};
  argv.insert(argv.end(), arguments.begin(), arguments.end());
  const auto output = file("command.log");
  std::filesystem::remove(output);
  Process process(argv, environment(), output);
  const Ended ended = process.wait(std::chrono::seconds(120));
  return {ended.signaled ? -ended.value : ended.value, process.output()};
}

std::string Stack::address_of(const std::string& listener) {
  return status()["listeners"].value(listener, "");
}

http::Response Stack::get(const std::string& path) {
  return ask("GET", api() + path);
}

http::Response Stack::post_json(const std::string& path, const json& body,
                                const http::Headers& headers) {
  http::Headers all = headers;
  all.set("Content-Type", "application/json");
  return ask("POST", api() + path, body.dump(), all);
}

std::string Stack::metrics() {
  return ask("GET", "unix:" + (runtime_dir() / "status.sock").string() + ":/metrics").body;
}

std::string Stack::fresh_metrics() {
  const auto rounds = [](const std::string& text) {
    return sum_of(text, "holdfast_metrics_collect_duration_seconds_count");
  };
  const auto partial = [](const std::string& text) {
    return sum_of(text, "holdfast_metrics_scrapes_total", "result=\"partial\"");
  };
  std::string text = metrics();
  // A round may have been open when this began: the one after it was not.
  const double enough = rounds(text) + 2;
  wait_until([&] {
    const double partial_before = partial(text);
    text = metrics();
    return rounds(text) >= enough && partial(text) == partial_before;
  });
  return text;
}

double Stack::sum_of(const std::string& exposition, const std::string& name,
                     const std::string& labels) {
  double sum = 0;
  std::istringstream lines(exposition);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(name) || line.size() <= name.size()) continue;
    if (line[name.size()] != '{' && line[name.size()] != ' ') continue;
    if (!labels.empty() && line.find(labels) == std::string::npos) continue;
    sum += std::stod(line.substr(line.rfind(' ') + 1));
  }
  return sum;
}

}  // namespace holdfast::test
