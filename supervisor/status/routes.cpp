// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/routes.hpp"

#include "common/config/names.hpp"
#include "common/http/list_field.hpp"
#include "common/log/redact.hpp"
#include "common/os/signal_name.hpp"
#include "common/protocol/names.hpp"
#include "common/text/number.hpp"
#include "common/text/parse_json.hpp"
#include "supervisor/state/choose.hpp"
#include "supervisor/status/alert_routes.hpp"
#include "supervisor/status/alert_test_route.hpp"
#include "supervisor/status/crash_answers.hpp"
#include "supervisor/status/page.hpp"
#include "supervisor/status/parameters.hpp"
#include "supervisor/status/ready_json.hpp"
#include "supervisor/status/series_json.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <csignal>
#include <optional>

namespace holdfast::supervisor::status {

namespace {

using RequestPtr = std::shared_ptr<http::Request>;

// The main loop stamps the heartbeat at least once a second; after this long it is stuck.
constexpr Duration kStuckAfter = std::chrono::seconds(5);
constexpr Duration kLongestWait = std::chrono::seconds(25);  // below the handler's deadline
constexpr std::size_t kMostEvents = 1000;
constexpr std::size_t kMostLines = 100'000;

http::Response json(int status, std::string body) {
  http::Response response = http::Response::json(status, std::move(body));
  response.headers.set("Cache-Control", "no-store");
  return response;
}

http::Response problem(int status, std::string_view detail) {
  const nlohmann::ordered_json body{{"type", "about:blank"},
                                    {"title", http::reason_phrase(status)},
                                    {"status", status},
                                    {"detail", detail}};
  http::Response response =
      json(status, body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace));
  response.headers.set("Content-Type", "application/problem+json");
  return response;
}

std::optional<std::uint64_t> number(const http::Request& request, std::string_view name) {
  const std::string* text = request.query_value(name);
  if (text == nullptr) return std::nullopt;
  return text::parse_number<std::uint64_t>(*text);
}

// Whether the peer is on this machine. The status endpoint may be bound to a public address.
bool is_local_peer(const http::Peer& peer) {
  return peer.unix_socket || peer.address == "::1" || peer.address.starts_with("127.");
}

Duration wait_of(const http::Request& request) {
  const auto wait = std::chrono::seconds(static_cast<std::int64_t>(
      std::min<std::uint64_t>(number(request, "wait").value_or(0), 3600)));
  return std::min<Duration>(wait, kLongestWait);
}

void events(const Sources& sources, const http::Request& request, const http::Responder& respond) {
  std::uint64_t after = number(request, "after").value_or(0);
  if (const auto last = number(request, "last")) after = sources.events.before_last(*last);
  const auto accept = http::list_field(request.headers, "Accept");
  if (accept && accept->find("text/event-stream") != std::string::npos) {
    return respond(sources.events.stream(after, request.headers.find("Last-Event-ID")));
  }
  const std::uint64_t limit =
      std::min<std::uint64_t>(number(request, "limit").value_or(100), kMostEvents);
  sources.events.read(after, static_cast<std::size_t>(limit), wait_of(request), respond);
}

// Names for the log: groups by their programs, for the log knows only workers. A name of nothing
// that runs, or has left lines, is an error.
Result<std::vector<std::string>> log_names(const Sources& sources,
                                           const std::vector<std::string>& names) {
  const auto snapshot = sources.snapshots.load();
  std::vector<std::string> result;
  for (const std::string& name : names) {
    if (name.empty() || name == "holdfast" || name == config::kEveryProgram) {
      if (!name.empty()) result.push_back(name);
      continue;
    }
    const core::Selection selection = select({name}, snapshot->view);
    if (!selection.error.empty() && !sources.logs.has_lines_of(name))
      return fail(ErrorKind::NotFound, selection.error);
    result.push_back(name);
    for (const core::Chosen& one : selection.chosen) {
      if (one.whole) result.push_back(snapshot->view.programs[one.program].config->name);
    }
  }
  return result;
}

void logs(const Sources& sources, const http::Request& request, const http::Responder& respond) {
  const auto names = log_names(sources, request.query_values("name"));
  if (!names) return respond(problem(404, names.error().message));
  if (const auto after = number(request, "after")) {
    return sources.logs.read(*after, *names, wait_of(request), respond);
  }
  const std::uint64_t lines =
      std::min<std::uint64_t>(number(request, "lines").value_or(kMostLines), kMostLines);
  sources.logs.last(static_cast<std::size_t>(lines), *names, respond);
}

// The whole snapshot, or what of it is named.
Result<FleetSnapshot> named_part(const FleetSnapshot& snapshot, std::vector<std::string> names) {
  std::erase(names, std::string());
  if (names.empty()) return snapshot;
  return narrowed(snapshot, names);
}

void read_only(const Sources& sources, const RequestPtr& request, const http::Responder& respond) {
  const std::string& path = request->path;
  if (path == protocol::kMetricsPath) return sources.metrics(request, respond);
  if (path == protocol::kEventsPath) return events(sources, *request, respond);

  if (path == "/series") return respond(json(200, series_json(sources.history())));
  if (auto page = page_answer(path)) return respond(std::move(*page));

  const auto snapshot = sources.snapshots.load();
  const MonoTime now = sources.clock.mono();
  if (path == protocol::kStatusPath) {
    const auto shown = named_part(*snapshot, request->query_values("name"));
    if (!shown) return respond(problem(404, shown.error().message));
    const auto view = sources.alerts == nullptr ? std::make_shared<const alerts::AlertView>()
                                                : sources.alerts->view();
    const auto& latest = sources.history().latest();
    auto active = alerts::active_alerts(*shown, latest, view->backlog_threshold);
    if (sources.alerts != nullptr) active = alerts::merge(std::move(active), *view, *shown);
    const LastCrashes crashes =
        sources.crashes == nullptr ? LastCrashes{} : sources.crashes->last_ids();
    return respond(json(200, status_json(*shown, now, sources.usage, active, latest, crashes)));
  }
  if (path == protocol::kHealthPath)
    return respond(json(200, health_json(*snapshot, now, sources.history().latest())));
  if (path == protocol::kReadyPath) {
    const bool verbose =
        request->query_value(protocol::kVerboseQuery) != nullptr && is_local_peer(request->peer);
    const auto latest = sources.history().latest();
    return respond(
        json(takes_traffic(*snapshot, latest) ? 200 : 503,
             verbose ? ready_json_verbose(*snapshot, latest) : ready_json(*snapshot, latest)));
  }
  if (path == protocol::kLivePath) {
    const bool alive = now - sources.heartbeat.last() <= kStuckAfter;
    return respond(json(alive ? 200 : 503, alive ? R"({"status":"pass"})"
                                                 : R"({"status":"fail","reason":"the main loop )"
                                                   R"(has been stuck for 5 s"})"));
  }
  respond(problem(404,
                  "unknown path; try /, /status, /metrics, /health, /live, /ready, /events, "
                  "/crashes or /series"));
}

FleetControl::Done answer(http::Responder respond) {
  return [respond = std::move(respond)](FleetControl::Outcome outcome) {
    const nlohmann::ordered_json body{{"ok", outcome.ok},
                                      {"message", log::redact_text(outcome.message)}};
    respond(json(outcome.ok ? 200 : 409,
                 body.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)));
  };
}

std::optional<log::Level> level_of(std::string_view text) {
  if (text == "trace") return log::Level::Trace;
  if (text == "debug") return log::Level::Debug;
  if (text == "info") return log::Level::Info;
  if (text == "warn") return log::Level::Warn;
  if (text == "error") return log::Level::Error;
  return std::nullopt;
}

std::optional<core::CommandKind> command_of(std::string_view path) {
  if (path == protocol::kRestartPath) return core::CommandKind::Restart;
  if (path == protocol::kStopPath) return core::CommandKind::Stop;
  if (path == protocol::kStartPath) return core::CommandKind::Start;
  if (path == protocol::kScalePath) return core::CommandKind::Scale;
  if (path == protocol::kSignalPath) return core::CommandKind::Signal;
  return std::nullopt;
}

const char* to_string(config::SectionDifference::Kind kind) {
  using Kind = config::SectionDifference::Kind;
  return kind == Kind::Added ? "added" : kind == Kind::Removed ? "removed" : "changed";
}

nlohmann::ordered_json to_json(const std::vector<config::SectionDifference>& differences) {
  auto sections = nlohmann::ordered_json::array();
  for (const config::SectionDifference& difference : differences) {
    auto keys = nlohmann::ordered_json::array();
    for (const config::KeyDifference& key : difference.keys) {
      keys.push_back({{"key", key.key},
                      {"effect", config::to_string(key.effects)},
                      {"before", key.before},
                      {"after", key.after}});
    }
    sections.push_back({{"section", difference.section},
                        {"change", to_string(difference.kind)},
                        {"keys", std::move(keys)}});
  }
  return sections;
}

// The body: [{"name":"holdfast.toml","text":"…"}, …], the file itself first.
void config_diff(FleetControl& control, const http::Request& request, http::Responder respond) {
  const auto body = text::parse_json(request.body);
  config::SourceFiles files;
  bool valid = body.is_array() && !body.empty();
  for (const auto& file : body) {
    valid = valid && file.is_object() && file.contains("name") && file["name"].is_string() &&
            file.contains("text") && file["text"].is_string();
    if (!valid) break;
    files.push_back({file["name"].get<std::string>(), file["text"].get<std::string>()});
  }
  if (!valid) {
    return respond(problem(422, R"(the body must be [{"name":"…","text":"…"}, …])"));
  }
  control.preview(std::move(files), [respond = std::move(respond)](FleetControl::Preview preview) {
    if (!preview.problems.empty()) return respond(problem(422, preview.problems));
    const nlohmann::ordered_json answer{{"changes", to_json(preview.differences)}};
    respond(
        json(200, answer.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace)));
  });
}

// KILL would look like a crash and STOP like a hang: what people want from them has commands.
Result<int> signal_of(const std::string* text) {
  if (text == nullptr) return fail(ErrorKind::InvalidArgument, "signal is missing: HUP, USR1, …");
  HOLDFAST_TRY_ASSIGN(const int signal, os::parse_signal(*text));
  if (signal == SIGKILL) {
    return fail(
        ErrorKind::InvalidArgument,
        "SIGKILL is not sent: 'holdfast stop' and 'holdfast restart' end a worker, and kill "
        "it after its stop_timeout");
  }
  if (signal == SIGSTOP) {
    return fail(ErrorKind::InvalidArgument,
                "SIGSTOP is not sent: a worker that stands still counts as hung; 'holdfast stop' "
                "stops it");
  }
  return signal;
}

void administer(FleetControl& control, const http::Request& request, http::Responder respond) {
  const std::string* wait = request.query_value("wait");
  if (wait != nullptr && *wait != "true" && *wait != "false") {
    return respond(problem(422, "wait must be true or false"));
  }
  const auto when = wait != nullptr && *wait == "false" ? FleetControl::Answer::AtOnce
                                                        : FleetControl::Answer::WhenDone;
  if (request.path == protocol::kReloadPath) {
    return control.reload(when, answer(std::move(respond)));
  }
  if (request.path == protocol::kLogLevelPath) {
    const std::string* text = request.query_value("level");
    const auto level = text == nullptr ? std::nullopt : level_of(*text);
    const std::string* reset = request.query_value("reset");
    const bool one_of_both = (text == nullptr) != (reset == nullptr);
    if (!one_of_both || (text != nullptr ? !level : *reset != "true")) {
      return respond(
          problem(422, "level must be trace, debug, info, warn or error; or reset=true"));
    }
    std::vector<std::string> names = request.query_values("name");
    std::erase(names, std::string());
    return control.choose_log_level(std::move(names), level, answer(std::move(respond)));
  }
  if (request.path == protocol::kConfigDiffPath) {
    return config_diff(control, request, std::move(respond));
  }
  const auto kind = command_of(request.path);
  if (!kind) return respond(problem(404, "unknown command"));
  core::Command command;
  command.kind = *kind;
  command.targets = request.query_values("name");
  std::erase(command.targets, std::string());
  if (command.targets.empty()) {
    return respond(problem(422, "name is missing: a program, or a worker such as api-worker.0"));
  }
  if (*kind == core::CommandKind::Scale) {
    const auto wanted = number(request, "count");
    if (!wanted || *wanted > 10'000) {
      return respond(problem(422, "count must be a whole number from 0 to 10000"));
    }
    command.count = static_cast<std::uint32_t>(*wanted);
  }
  if (*kind == core::CommandKind::Signal) {
    const auto signal = signal_of(request.query_value("signal"));
    if (!signal) return respond(problem(422, signal.error().message));
    command.signal = *signal;
  }
  control.command(std::move(command), when, answer(std::move(respond)));
}

constexpr std::string_view kWorkersMayNot =
    "workers, and what they start, may not administer the stack: run this command from outside of "
    "it";

http::Response unknown_host() {
  return problem(
      421,
      "the status endpoint does not answer to this Host: use an address or localhost, or "
      "add the name to [supervisor] status_hosts");
}

}  // namespace

http::Handler make_handler(const Sources& sources, FleetControl* control,
                           const AllowedHosts* hosts) {
  return [sources, control, hosts](const RequestPtr& request, http::Responder respond) {
    const std::string* const host = request->headers.find("Host");
    if (hosts != nullptr && host != nullptr && !hosts->allows(*host))
      return respond(unknown_host());
    const bool administers = request->method == "POST" || request->path == protocol::kLogsPath ||
                             request->path == protocol::kAlertsPath;
    if (control != nullptr && administers && request->peer.restricted)
      return respond(problem(403, kWorkersMayNot));
    const bool reads = request->method == "GET" || request->method == "HEAD";
    if (reads || (request->method == "POST" && control != nullptr)) {
      if (const auto wrong = wrong_parameter(*request)) return respond(problem(422, *wrong));
    }
    if (reads) {
      // Log lines may contain what only an administrator should read.
      if (control != nullptr && request->path == protocol::kLogsPath)
        return logs(sources, *request, respond);
      if (control != nullptr && request->path == protocol::kAlertsPath && sources.alerts != nullptr)
        return respond(
            json(200, alerts_json(*sources.alerts->view(), alerts::moment_of(sources.clock))));
      if (sources.crashes != nullptr && is_crash_path(request->path)) {
        const bool whole = control != nullptr && !request->peer.restricted;
        return answer_crashes(*sources.crashes, *sources.snapshots.load(), *request, whole,
                              std::move(respond));
      }
      return read_only(sources, request, respond);
    }
    if (request->method == "POST" && control != nullptr && sources.alerts != nullptr) {
      if (request->path == protocol::kSilencePath) {
        return silence_alerts(*sources.alerts, alerts::moment_of(sources.clock), *request,
                              std::move(respond));
      }
      if (request->path == protocol::kUnsilencePath)
        return unsilence_alerts(*sources.alerts, *request, std::move(respond));
    }
    if (request->method == "POST" && control != nullptr &&
        request->path == protocol::kAlertsTestPath) {
      return test_alerts(sources.test_alerts, *request, std::move(respond));
    }
    if (request->method == "POST" && control != nullptr) {
      return administer(*control, *request, std::move(respond));
    }
    http::Response response =
        problem(405, control == nullptr ? "this endpoint is read-only" : "use GET or POST");
    response.headers.set("Allow", control == nullptr ? "GET, HEAD" : "GET, HEAD, POST");
    respond(std::move(response));
  };
}

http::Response refuse(const http::Request&, const http::Refusal& refusal) {
  return problem(refusal.status, refusal.detail);
}

}  // namespace holdfast::supervisor::status
