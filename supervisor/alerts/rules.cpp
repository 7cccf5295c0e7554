// SPDX-License-Identifier: Apache-2.0
#include "supervisor/alerts/rules.hpp"

#include "common/base/duration.hpp"
#include "common/text/utf8.hpp"
#include "supervisor/state/health.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace holdfast::supervisor::alerts {

namespace {

constexpr std::size_t kMostSamples = 5;
constexpr std::size_t kMostRequestIds = 10;
constexpr std::size_t kMostAccounted = 1024;
// What an alert has caused may be told a little after it is over.
constexpr Duration kAfterthought = std::chrono::seconds(10);
// A state of which nobody says any more whether it is over. Longer than a worker takes to come up.
constexpr Duration kUnknown = std::chrono::minutes(5);

constexpr const char* kCrashed = "HoldfastWorkerCrashed";
constexpr const char* kOutOfMemory = "HoldfastOutOfMemory";
constexpr const char* kStoreIsOut = ": exit 69 ";  // EX_UNAVAILABLE
constexpr const char* kErrorRate = "HoldfastErrorRateHigh";

// The alert that an event of this kind counts for; nullptr: none, or it takes a closer look.
const char* alert_of(std::string_view kind) {
  if (kind == "hung") return "HoldfastWorkerHung";
  if (kind == "unhealthy") return "HoldfastWorkerUnhealthy";
  if (kind == "memory_max") return kOutOfMemory;
  if (kind == "shutdown_forced") return "HoldfastShutdownForced";
  return nullptr;
}

bool tells_of_crash(std::string_view kind) {
  return kind == "crashed" || kind == "exited_unexpectedly" || kind == "spawn_failed";
}

void add_id(std::vector<std::string>& ids, const std::string& id) {
  if (id.empty()) return;
  std::erase(ids, id);
  ids.push_back(id);
  if (ids.size() > kMostRequestIds) ids.erase(ids.begin());
}

double value_or_zero(const std::map<std::string, double>& values, const std::string& name) {
  const auto found = values.find(name);
  return found == values.end() ? 0 : found->second;
}

std::uint64_t increase(double before, double now) {
  // A total that has decreased began anew; what it has counted since then is not known to be new.
  return now > before ? static_cast<std::uint64_t>(now - before) : 0;
}

// States that follow from the start of the stack, for as long as that may take.
bool comes_with_starting(std::string_view name) {
  return name == "HoldfastNotReady" || name == "HoldfastStoreUnavailable" ||
         name == "HoldfastRedisUnavailable" || name == "HoldfastEmbeddingUnavailable";
}

// A program that lacks workers only because a command has stopped them.
bool is_stopped_by_hand(const FleetSnapshot& snapshot, const std::string& name) {
  for (const core::ProgramView& program : snapshot.view.programs) {
    if (program.config->name != name) continue;
    return std::all_of(program.slots.begin(), program.slots.end(), [](const core::SlotView& slot) {
      return slot.stopped_by_hand || slot.state == core::SlotState::Ready;
    });
  }
  return false;
}

}  // namespace

bool Rules::concerns(std::string_view kind) {
  return alert_of(kind) != nullptr || tells_of_crash(kind) || kind == "crash_stack";
}

Rules::Rules(const config::Config& config) {
  configure(config);
}

void Rules::configure(const config::Config& config) {
  settings_ = config.alerts;
  rules_.clear();
  for (const Condition& condition : conditions()) {
    if (condition.kind == Condition::Kind::Elsewhere) continue;
    rules_.emplace(condition.name, settings_of(condition, config));
  }
  std::erase_if(episodes_, [&](const auto& entry) { return enabled(entry.first.name) == nullptr; });
  for (auto& [key, episode] : episodes_) {
    episode.window.resize(enabled(key.name)->count);
    episode.alert.severity = enabled(key.name)->severity;
    episode.alert.runbook = runbook_of(key.name, settings_);
  }
  std::erase_if(holding_, [&](const auto& entry) { return enabled(entry.first.name) == nullptr; });
}

const RuleSettings* Rules::enabled(std::string_view name) const {
  const auto found = rules_.find(name);
  return found == rules_.end() || !found->second.enabled ? nullptr : &found->second;
}

void Rules::restore(const std::vector<Alert>& firing, const Moment& now) {
  for (const Alert& alert : firing) {
    const Condition* const condition = find_condition(alert.key.name);
    const RuleSettings* const rule = enabled(alert.key.name);
    if (condition == nullptr || rule == nullptr) continue;
    if (condition->kind == Condition::Kind::State) {
      holding_[alert.key] = Holding{now.mono_of(alert.starts_at), now.mono, true, true, alert};
      continue;
    }
    const auto [at, is_new] = episodes_.try_emplace(alert.key, rule->count);
    if (!is_new) continue;
    at->second.alert = alert;
    at->second.firing = true;
    at->second.window.add(now.mono_of(alert.last_event_at), rule->count);
  }
}

Rules::Episode* Rules::count(std::string_view name, const std::string& target,
                             const std::string& program, std::uint64_t weight, const Moment& now) {
  const RuleSettings* const rule = enabled(name);
  if (rule == nullptr || weight == 0) return nullptr;
  const AlertKey key{std::string(name), target};
  Episode& episode = episodes_.try_emplace(key, rule->count).first->second;
  const auto newest = episode.window.newest();
  if (!episode.firing && newest && now.mono - *newest >= rule->window) episode.alert = {};
  episode.window.add(now.mono, weight);
  Alert& alert = episode.alert;
  if (alert.count == 0) {
    alert.key = key;
    alert.program = program;
    alert.severity = rule->severity;
    alert.description = find_condition(name)->description;
    alert.runbook = runbook_of(name, settings_);
    alert.starts_at = now.wall;
  }
  alert.count += weight;
  alert.last_event_at = now.wall;
  return &episode;
}

void Rules::note_crash(const EventRecord& event, const Moment& now) {
  // The end of one that was hung, unhealthy or too large has been told by then.
  const std::pair<std::string, std::uint64_t> process(event.worker, event.incarnation);
  if (std::find(accounted_.begin(), accounted_.end(), process) != accounted_.end()) return;
  if (scheduled_.contains(event.program)) return;  // HoldfastScheduledRunFailed
  // HoldfastStoreUnavailable: Holdfast's own workers end so if they cannot use the store.
  if (own_.contains(event.program) && event.message.find(kStoreIsOut) != std::string::npos) return;
  const bool oom = event.message.find("out of memory") != std::string::npos;
  Episode* const episode =
      count(oom ? kOutOfMemory : kCrashed, event.program, event.program, 1, now);
  if (episode == nullptr) return;
  Alert& alert = episode->alert;
  alert.summary = event.message;
  if (alert.crash && alert.crash->worker == event.worker &&
      alert.crash->incarnation == event.incarnation)
    return;  // its report came first
  auto known = std::make_shared<CrashReport>();
  known->time = event.time;
  known->program = event.program;
  known->worker = event.worker;
  known->incarnation = event.incarnation;
  known->kind = event.kind;
  known->summary = event.message;
  alert.crash = std::move(known);
}

void Rules::on_event(const EventRecord& event, const Moment& now) {
  if (const char* const name = alert_of(event.kind)) {
    if (event.incarnation != 0) {
      accounted_.emplace_back(event.worker, event.incarnation);
      if (accounted_.size() > kMostAccounted) accounted_.pop_front();
    }
    if (Episode* episode = count(name, event.program, event.program, 1, now))
      episode->alert.summary = event.message;
    return;
  }
  if (tells_of_crash(event.kind)) return note_crash(event, now);
  if (event.kind != "crash_stack") return;
  for (const char* name : {kCrashed, kOutOfMemory}) {
    const auto found = episodes_.find({name, event.program});
    if (found == episodes_.end()) continue;
    CrashReportPtr& crash = found->second.alert.crash;
    if (!crash || crash->worker != event.worker || crash->incarnation != event.incarnation ||
        !crash->stack.empty())
      continue;
    auto more = std::make_shared<CrashReport>(*crash);
    more->stack = event.stack;
    crash = std::move(more);
  }
}

void Rules::on_crash(const CrashReportPtr& report, const Moment&) {
  for (auto& [key, episode] : episodes_) {
    if (key.name == kErrorRate || key.target != report->program) continue;
    Alert& alert = episode.alert;
    const bool newer = alert.crash && alert.crash->worker == report->worker &&
                       alert.crash->incarnation > report->incarnation;
    if (newer) continue;
    const bool about_end = key.name == kCrashed || key.name == kOutOfMemory ||
                           key.name == "HoldfastWorkerHung" ||
                           key.name == "HoldfastWorkerUnhealthy";
    if (!about_end) continue;
    alert.crash = report;
    if (key.name == kCrashed)
      alert.summary = fmt::format("{}: {}", report->worker, report->summary);
    for (const InFlight& one : report->in_flight)
      add_id(alert.request_ids, one.id);
    for (const std::string& id : report->request_ids)
      add_id(alert.request_ids, id);
  }
}

void Rules::count_errors(const std::string& program, std::uint64_t number, const Moment& now) {
  if (number == 0) return;
  errors_[program] += number;
  Episode* const episode = count(kErrorRate, program, program, number, now);
  if (episode == nullptr) return;
  episode->alert.summary =
      fmt::format("{} reports errors: {} of them, in a sliding window of {}", program,
                  episode->alert.count, format_duration(enabled(kErrorRate)->window));
}

void Rules::add_sample(const std::string& program, ErrorSample sample) {
  const auto found = episodes_.find({kErrorRate, program});
  if (found == episodes_.end()) return;
  Alert& alert = found->second.alert;
  add_id(alert.request_ids, sample.request_id);
  if (!sample.message.empty())
    alert.summary = fmt::format("{}: {} errors; the last: {}", program, alert.count,
                                text::truncate_utf8(sample.message, 200));
  alert.errors.push_back(std::move(sample));
  if (alert.errors.size() > kMostSamples) alert.errors.erase(alert.errors.begin());
}

void Rules::on_error_line(const logs::ErrorLine& line, const Moment& now) {
  // What the supervisor itself logs has alerts of its own, and those of the delivery never make
  // another alert.
  if (line.worker == "holdfast") return;
  count_errors(line.program, line.left_out, now);
  const std::uint64_t number = ledgers_[line.program].add_line(line, now.mono);
  if (number == 0) return;
  count_errors(line.program, number, now);
  add_sample(line.program, {now.wall_of(line.time), line.worker, line.message, line.type,
                            line.stack, line.request_id});
}

void Rules::on_lines_left_out(const std::string& program, std::uint64_t number, const Moment& now) {
  count_errors(program, number, now);
}

void Rules::on_totals(const telemetry::Totals& totals, const Moment& now) {
  const auto before = std::exchange(totals_, totals);
  if (!before) return;  // the baseline
  const auto& was = before->program_errors;
  for (const auto& [program, errors] : totals.program_errors.responses()) {
    const std::uint64_t more = increase(value_or_zero(was.responses(), program), errors);
    count_errors(program, ledgers_[program].add_responses(more, now.mono), now);
  }
  for (const auto& [program, queues] : totals.program_errors.dead_jobs()) {
    const auto queues_before = was.dead_jobs().find(program);
    for (const auto& [queue, dead] : queues) {
      const bool known = queues_before != was.dead_jobs().end();
      const std::uint64_t more =
          increase(known ? value_or_zero(queues_before->second, queue) : 0, dead);
      if (more == 0) continue;
      if (Episode* episode = count("HoldfastJobsDying", queue, program, more, now)) {
        episode->alert.summary = fmt::format("{} {} of {} became dead", episode->alert.count,
                                             episode->alert.count == 1 ? "job" : "jobs", queue);
      }
      count_errors(program, ledgers_[program].add_dead_jobs(more, now.mono), now);
    }
  }
}

void Rules::on_unclean_restart(const std::string& how, const Moment& now) {
  if (Episode* episode = count("HoldfastUncleanRestart", "", "", 1, now))
    episode->alert.summary = how;
}

void Rules::learn(const FleetSnapshot& snapshot) {
  const auto& programs = snapshot.view.programs;
  if (std::equal(programs.begin(), programs.end(), programs_.begin(), programs_.end(),
                 [](const auto& view, const auto& known) { return view.config == known; }))
    return;
  programs_.clear();
  scheduled_.clear();
  own_.clear();
  for (const core::ProgramView& program : snapshot.view.programs) {
    programs_.push_back(program.config);
    const config::Program& config = *program.config;
    if (config::is_scheduled(config)) scheduled_.insert(config.name);
    if (is_own_worker(config)) own_.insert(config.name);
    if (config.command.empty() || config.type == config::ProgramType::Oneshot) continue;
    errors_.try_emplace(config.name, 0);  // increase() cannot see what a new series begins with
  }
}

Duration Rules::backlog_threshold() const {
  const RuleSettings* const rule = enabled("HoldfastQueueBacklog");
  return rule == nullptr ? kBacklogThreshold : rule->threshold;
}

void Rules::add_states(const FleetSnapshot& snapshot, const Moment& now,
                       std::vector<Finding>& findings) {
  // While the stack stops, and until it has told anything, nothing can be said of it; what was
  // restored is asked again once starting is over.
  const bool silent = snapshot.view.draining || snapshot.pid == 0;
  const bool starting = silent || now.mono - snapshot.started_at < settings_.startup_grace;
  std::vector<ActiveAlert> active;
  if (!silent) {
    active = active_alerts(snapshot, totals_, backlog_threshold());
  }
  std::set<AlertKey> seen;
  for (ActiveAlert& one : active) {
    const RuleSettings* const rule = enabled(one.name);
    if (rule == nullptr) continue;
    const AlertKey key{one.name, one.target};
    seen.insert(key);
    const auto [at, is_new] = holding_.try_emplace(key);
    Holding& holding = at->second;
    holding.seen = now.mono;
    if (is_new) holding.since = std::min(one.since.value_or(now.mono), now.mono);
    Alert& alert = holding.alert;
    alert.key = key;
    alert.program = one.program;
    // A listener that is still down is worse than the table has it.
    const bool worse = one.severity == "critical" && rule->severity == Severity::Warning &&
                       find_condition(one.name)->severity == Severity::Warning;
    alert.severity = worse ? Severity::Critical : rule->severity;
    alert.summary = one.summary;
    alert.description = find_condition(one.name)->description;
    alert.runbook = runbook_of(one.name, settings_);
    if (is_new) alert.starts_at = alert.last_event_at = now.wall_of(holding.since);
    alert.count = 1;
    holding.firing = holding.firing || now.mono - holding.since >= rule->hold;
  }
  std::erase_if(holding_, [&](const auto& entry) {
    const auto& [key, holding] = entry;
    if (silent || seen.contains(key)) return false;
    if (holding.restored && starting) return false;
    return now.mono - holding.seen >= kUnknown || is_known(key.name, key.target, snapshot, totals_);
  });
  for (auto& [key, holding] : holding_) {
    if (seen.contains(key) && !starting) holding.restored = false;
    if (!holding.firing) continue;
    Finding finding{holding.alert, {}};
    if (!holding.restored && starting && comes_with_starting(key.name))
      finding.inhibited = "startup";
    findings.push_back(std::move(finding));
  }
}

void Rules::add_events(const Moment& now, std::vector<Finding>& findings) {
  for (auto at = episodes_.begin(); at != episodes_.end();) {
    Episode& episode = at->second;
    const RuleSettings& rule = *enabled(at->first.name);
    if (episode.window.is_reached(now.mono, rule.window)) {
      episode.firing = true;
      episode.below_since.reset();
    } else if (episode.firing) {
      // A reload may have made the count larger than it ever was.
      const auto reached_by = episode.window.reached_by();
      if (!episode.below_since)
        episode.below_since = reached_by ? *reached_by + rule.window : now.mono;
      episode.firing = now.mono - *episode.below_since < rule.window;
    }
    const auto newest = episode.window.newest();
    if (episode.firing) {
      findings.push_back({episode.alert, {}});
    } else if (!newest || now.mono - *newest >= rule.window) {
      at = episodes_.erase(at);
      continue;
    }
    ++at;
  }
}

// Why another alert says more than one of these events.
Rules::Excuse Rules::excuse_for(const AlertKey& key, const std::string& program,
                                const std::vector<Finding>& findings) const {
  Excuse excuse;
  if (key.name != kCrashed && key.name != kErrorRate) return excuse;
  const bool is_own = own_.contains(program);
  for (const auto& entry : holding_) {
    const AlertKey& state = entry.first;
    const bool loops =
        state.name == "HoldfastWorkerCrashLooping" && entry.second.alert.program == program;
    const bool lacks = state.name == "HoldfastStoreUnavailable" && is_own;
    if (!loops && !lacks) continue;
    const bool is_told = std::any_of(findings.begin(), findings.end(), [&](const Finding& one) {
      return one.alert.key == state && one.inhibited.empty();
    });
    if (!excuse.reason.empty() && !is_told) continue;
    excuse = {loops ? "crash_loop" : "store", is_told, enabled(state.name)->hold};
  }
  return excuse;
}

// An alert that has not lasted long enough yet may never be told: until it is, what it would cover
// waits for it, for no longer than that takes, and while there is still something to tell.
void Rules::note_excuses(const std::vector<Finding>& findings, const Moment& now) {
  for (auto& [key, episode] : episodes_) {
    episode.deferred.clear();
    Excuse excuse = excuse_for(key, episode.alert.program, findings);
    if (excuse.reason.empty()) continue;
    if (excuse.is_told) {
      episode.excused_until = now.mono + kAfterthought;
      episode.excuse = std::move(excuse.reason);
      continue;
    }
    if (!episode.deferred_since) episode.deferred_since = now.mono;
    const Duration longest = std::min(excuse.hold, enabled(key.name)->window);
    if (now.mono - *episode.deferred_since < longest) episode.deferred = std::move(excuse.reason);
  }
}

// Of several alerts about one thing, people hear of the one that says most. An event that it has
// covered stays covered when it is over.
void Rules::inhibit(const FleetSnapshot& snapshot, const Moment& now,
                    std::vector<Finding>& findings) {
  note_excuses(findings, now);
  const bool provider_is_down =
      std::any_of(findings.begin(), findings.end(), [](const Finding& finding) {
        return finding.alert.key.name == "HoldfastEmbeddingUnavailable";
      });
  for (Finding& finding : findings) {
    const std::string& name = finding.alert.key.name;
    if (name == "HoldfastQueueBacklog" && provider_is_down) finding.inhibited = "embedding";
    if (const auto found = episodes_.find(finding.alert.key); found != episodes_.end()) {
      const Episode& episode = found->second;
      finding.inhibited = episode.deferred;
      if (episode.excused_until && *episode.window.newest() <= *episode.excused_until)
        finding.inhibited = episode.excuse;
    }
    const bool planned =
        name == "HoldfastNotReady" &&
        (snapshot.view.reloading || is_stopped_by_hand(snapshot, finding.alert.program));
    if (planned) finding.inhibited = "planned";
  }
}

std::vector<Finding> Rules::evaluate(const FleetSnapshot& snapshot, const Moment& now) {
  learn(snapshot);
  std::vector<Finding> findings;
  add_states(snapshot, now, findings);
  add_events(now, findings);
  inhibit(snapshot, now, findings);
  std::stable_sort(findings.begin(), findings.end(), [](const Finding& a, const Finding& b) {
    return a.alert.severity > b.alert.severity;
  });
  return findings;
}

}  // namespace holdfast::supervisor::alerts
