// SPDX-License-Identifier: Apache-2.0
#include "supervisor/collector/collector.hpp"

#include "common/base/duration.hpp"
#include "common/http/client.hpp"
#include "supervisor/collector/fleet_families.hpp"
#include "supervisor/collector/log_families.hpp"
#include "supervisor/collector/process_families.hpp"
#include "supervisor/collector/scrape_wait.hpp"
#include "supervisor/collector/worker_request.hpp"
#include "supervisor/state/health.hpp"
#include "supervisor/telemetry/totals.hpp"

#include <boost/asio/post.hpp>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <optional>
#include <set>
#include <utility>

namespace holdfast::supervisor::collector {

namespace {

using namespace std::chrono_literals;

constexpr Duration kReuseFor = 100ms;
// Between rounds while none of our own workers has reported, and how long after a start.
constexpr Duration kUnreportedInterval = 100ms;
constexpr Duration kStarting = 10s;
// Longer answers are read a few at a time: each may have LedgerLimits::snapshot_bytes until it is
// parsed, and whoever has a hundred exporters cannot have a hundred of that.
constexpr std::size_t kLongAnswer = 1 << 20;
constexpr std::size_t kLongAtOnce = 2;
// A program is in trouble after so many failures in a row; one that starts may not listen yet.
constexpr int kFailuresToReport = 3;
// Its gauges are kept for so many of its own intervals.
constexpr int kIntervalsToStale = 3;

telemetry::SourceId source_of(const MetricsSource& source) {
  return {source.worker, source.program, source.process.incarnation};
}

bool is_own_service(const config::Program& program) {
  if (program.type == config::ProgramType::Oneshot || program.command.empty()) return false;
  const auto name = std::filesystem::path(program.command.front()).filename();
  return name == "holdfast-api-worker" || name == "holdfast-queue-worker";
}

// Holdfast's own workers come first, then the programs in the order of the file. Nothing: no
// snapshot has told of the program yet, which its first answer may outrun.
std::optional<telemetry::Claim> claim_of(const MetricsSource& source,
                                         const FleetSnapshot& snapshot) {
  telemetry::Claim claim;
  if (source.own) return claim;
  std::uint32_t rank = 0;
  for (const core::ProgramView& program : snapshot.view.programs) {
    ++rank;
    if (program.config->name == source.program) claim.rank = rank;
    claim.beside_own = claim.beside_own || is_own_service(*program.config);
  }
  return claim.rank == 0 ? std::nullopt : std::optional(claim);
}

std::optional<telemetry::SourceRules> rules_of(const MetricsSource& source,
                                               const FleetSnapshot& snapshot) {
  const auto claim = claim_of(source, snapshot);
  if (!claim) return std::nullopt;
  return telemetry::SourceRules{!source.own, kIntervalsToStale * source.interval + source.timeout,
                                *claim};
}

}  // namespace

Collector::Collector(boost::asio::io_context& io, const Clock& clock, const SnapshotCell& snapshots,
                     const LoopMetrics& loop_metrics, const logs::LogRelay& relay,
                     const log::Logger& log, telemetry::LedgerSettings settings)
    : io_(io),
      clock_(clock),
      snapshots_(snapshots),
      loop_metrics_(loop_metrics),
      relay_(relay),
      log_(log),
      limits_(settings.limits),
      ledger_(std::move(settings)),
      usage_(clock, ::getpid()),
      tick_timer_(io),
      round_timer_(io) {}

void Collector::begin(MemoryObserver& memory) {
  memory_watch_.emplace(clock_, memory);
  tick_in(telemetry::kHistoryInterval);
}

void Collector::end() {
  if (round_open_) finish_round();
  tick_timer_.cancel();
  memory_watch_.reset();
}

void Collector::tick_in(Duration interval) {
  tick_timer_.expires_after(interval);
  tick_timer_.async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    tick_in(telemetry::kHistoryInterval);
    round(kScrapeWait, Why::Timer, std::nullopt, [this](const std::string&) {
      ledger_.expire(clock_.mono());
      for (const std::string& warning :
           conflict_reports_.news(ledger_.conflicts(), ledger_.left_out()))
        log_.warn(warning);
      extend_history();
      memory_watch_->measure(*snapshots_.load());
      tick_soon_if_unreported();
    });
  });
}

// What the workers say of the store and the queue is known as soon as the first of them runs.
void Collector::tick_soon_if_unreported() {
  const auto& latest = history_.latest();
  if (latest && latest->database) return;
  const MonoTime now = clock_.mono();
  const bool starting = std::any_of(tracked_.begin(), tracked_.end(), [&](const auto& entry) {
    return entry.second.source.own && !entry.second.ended && now - entry.second.since < kStarting;
  });
  if (starting && tick_timer_.expiry() - now > kUnreportedInterval) tick_in(kUnreportedInterval);
}

void Collector::extend_history() {
  telemetry::Totals totals = telemetry::totals_of(ledger_, clock_.mono(), clock_.wall());
  std::set<std::int64_t> pids{snapshots_.load()->pid};
  for (const auto& [process, tracked] : tracked_) {
    if (!tracked.ended) pids.insert(tracked.source.pid);
  }
  totals.memory_bytes = memory_.of(pids, usage_);
  if (on_totals_) on_totals_(totals);
  history_.add(std::move(totals));
}

void Collector::started(const MetricsSource& source) {
  Tracked& tracked = tracked_[source.process];
  tracked = {};
  tracked.source = source;
  tracked.since = clock_.mono();
  if (!source.url.empty()) {
    speakers_.try_emplace(source.url, Speaker{source.process, source_of(source)});
  }
  if (memory_watch_) tick_soon_if_unreported();
}

const Collector::Speaker* Collector::asked_as(const Tracked& tracked) const {
  const auto speaker = speakers_.find(tracked.source.url);
  const bool is = speaker != speakers_.end() && speaker->second.process == tracked.source.process;
  return is ? &speaker->second : nullptr;
}

void Collector::drained(const core::ProcessId& process) {
  const auto it = tracked_.find(process);
  if (it == tracked_.end() || !is_asked(it->second)) return;
  if (it->second.asking) {
    it->second.want_final = true;
  } else {
    ask(it->second, true);
  }
}

void Collector::stopping(const core::ProcessId& process, std::function<void()> done) {
  const auto it = tracked_.find(process);
  if (it == tracked_.end() || it->second.ended || !is_asked(it->second)) return done();
  it->second.on_last = std::move(done);
  if (it->second.asking) return;  // it may have been read already: asked again when that is over
  it->second.asking_last = true;
  ask(it->second, false);
}

void Collector::exited(const core::ProcessId& process) {
  const auto it = tracked_.find(process);
  if (it == tracked_.end()) return;
  usage_.forget(it->second.source.pid);
  it->second.ended = true;
  // An answer that was sent before the exit is still in the socket: wait for it.
  if (!it->second.asking) retire(process);
}

void Collector::retire(const core::ProcessId& process) {
  const auto it = tracked_.find(process);
  const bool spoke = is_asked(it->second);
  const std::string url = it->second.source.url;
  tracked_.erase(it);
  if (!spoke) return;
  const auto speaker = speakers_.find(url);
  const telemetry::SourceId source = speaker->second.source;
  if (pass_on(url, speaker->second)) return;
  if (const auto age = ledger_.retire(source, clock_.mono())) metrics_.observe_age_at_exit(*age);
}

// True if the exporter at the address goes on: other workers of the program have the address, so it
// is none of them. A worker's successor in its own slot counts from zero.
bool Collector::pass_on(const std::string& url, Speaker& speaker) {
  const core::ProcessId last = speaker.process;
  const Tracked* next = nullptr;
  bool shared = false;
  for (const auto& [process, tracked] : tracked_) {
    if (tracked.source.url != url || tracked.ended) continue;
    if (next == nullptr) next = &tracked;
    if (process.slot == last.slot || tracked.source.program != speaker.source.program) continue;
    if (!shared) next = &tracked;
    shared = true;
  }
  if (next == nullptr) {
    speakers_.erase(url);
  } else {
    speaker.process = next->source.process;
    if (!shared) speaker.source = source_of(next->source);
  }
  return next != nullptr && shared;
}

void Collector::ask(Tracked& tracked, bool final) {
  tracked.asking = true;
  tracked.asked_at = clock_.mono();
  tracked.want_final = false;
  tracked.is_final = final;
  if (!tracked.is_long) return send(tracked);
  // What stops does not wait behind what goes on.
  const bool last = final || tracked.asking_last;
  turns_.insert(last ? turns_.begin() : turns_.end(), tracked.source.process);
  next_turn();
}

void Collector::send(Tracked& tracked) {
  http::FetchOptions options;
  options.deadline = tracked.source.timeout;
  options.max_response_bytes =
      tracked.is_long ? limits_.snapshot_bytes : std::min(kLongAnswer, limits_.snapshot_bytes);
  const std::string& url = tracked.source.url;
  http::async_get(io_, tracked.is_final ? final_url(url) : url,
                  request_headers(tracked.source.timeout), options,
                  [this, process = tracked.source.process, in_turn = tracked.is_long](auto answer) {
                    answered(process, std::move(answer));
                    if (!in_turn) return;
                    --long_requests_;
                    next_turn();
                  });
}

void Collector::next_turn() {
  while (long_requests_ < kLongAtOnce && !turns_.empty()) {
    const core::ProcessId process = turns_.front();
    turns_.pop_front();
    const auto it = tracked_.find(process);
    if (it == tracked_.end()) continue;
    if (it->second.ended) {  // nothing was sent that could still be in the socket
      answered(process, fail(ErrorKind::Unavailable, "it has exited"));
      continue;
    }
    ++long_requests_;
    send(it->second);
  }
}

void Collector::answered(const core::ProcessId& process, Result<http::Response> answer) {
  const auto it = tracked_.find(process);
  if (it == tracked_.end()) return;
  Tracked& tracked = it->second;
  if (!tracked.is_long && !answer && answer.error().kind == ErrorKind::ResourceExhausted) {
    tracked.is_long = true;
    return ask(tracked, tracked.is_final);
  }
  if (answer) tracked.is_long = answer->body.size() > kLongAnswer / 2;
  tracked.asking = tracked.late = false;
  if (answer) heard_.push_back(process);
  const Speaker* const speaker = asked_as(tracked);
  const telemetry::Ending ending = ending_of(answer);
  auto text = exposition_of(std::move(answer));
  if (text && !tracked.rules) note_programs();
  if (text && !tracked.rules) tracked.rules = rules_of(tracked.source, *snapshots_.load());
  const bool too_early = text && !tracked.rules;  // its next answer counts
  tracked.up = too_early || (text && speaker != nullptr &&
                             ledger_.apply(speaker->source, std::move(*text), clock_.mono(),
                                           *tracked.rules, ending) == telemetry::Applied::Accepted);
  if (!tracked.ended) {
    note_outcome(tracked, text ? "malformed" : std::string(to_string(text.error())));
  }
  // A process that exits breaks its connections; that is not an error of the exporter.
  if (!text && !tracked.ended) {
    metrics_.count_fetch_error(tracked.source.program, std::string(to_string(text.error())));
  }
  const bool was_last = std::exchange(tracked.asking_last, false);
  if (tracked.on_last && (was_last || tracked.ended)) std::exchange(tracked.on_last, {})();
  if (tracked.ended) {
    retire(process);
  } else if (tracked.want_final) {
    ask(tracked, true);
  } else if (tracked.on_last) {
    tracked.asking_last = true;
    ask(tracked, false);
  }
  round_progress();
}

void Collector::note_outcome(Tracked& tracked, const std::string& failure) {
  const std::string& worker = tracked.source.worker;
  if (tracked.up) {
    if (tracked.failures >= kFailuresToReport)
      log_.info(fmt::format("metrics of {} are there again", worker));
    tracked.failures = 0;
  } else if (++tracked.failures == kFailuresToReport) {
    log_.warn(fmt::format("metrics of {} could not be read {} times in a row, the last time: {}; "
                          "it is asked again every {}",
                          worker, kFailuresToReport, failure,
                          format_duration(std::max(tracked.source.interval,
                                                   Duration(telemetry::kHistoryInterval)))),
              {{"target", worker}, {"url", tracked.source.url}});
  }
}

void Collector::note_programs() {
  const auto snapshot = snapshots_.load();
  std::set<std::string, std::less<>> programs;
  for (const core::ProgramView& program : snapshot->view.programs)
    programs.insert(program.config->name);
  ledger_.set_programs(std::move(programs));
}

bool Collector::is_due(const Tracked& tracked, Why why, MonoTime now) const {
  // The timer of the rounds is not exact to the last millisecond.
  return why == Why::Scrape || tracked.source.interval <= telemetry::kHistoryInterval ||
         now - tracked.asked_at >= tracked.source.interval - kReuseFor;
}

void Collector::round(Duration wait, Why why, std::optional<metrics::Format> format, Done done) {
  const MonoTime now = clock_.mono();
  if (!round_open_) {
    note_programs();
    round_open_ = true;
    round_began_ = now;
    for (auto& [process, tracked] : tracked_) {
      const bool can = !tracked.asking && !tracked.ended && is_asked(tracked);
      if (can && is_due(tracked, why, now)) ask(tracked, false);
    }
  }
  waiters_.push_back({std::min(now + wait, round_began_ + kScrapeWait), format, std::move(done)});
  arm_round_timer();
  round_progress();
}

void Collector::arm_round_timer() {
  MonoTime next = round_began_ + kScrapeWait;
  for (const Waiter& waiter : waiters_)
    next = std::min(next, waiter.until);
  round_timer_.expires_after(next - clock_.mono());
  round_timer_.async_wait([this](const boost::system::error_code& error) {
    if (!error && round_open_) time_passed();
  });
}

void Collector::time_passed() {
  const MonoTime now = clock_.mono();
  if (now >= round_began_ + kScrapeWait) return finish_round();
  serve_waiters(now);
  if (round_open_) arm_round_timer();
}

// Serves the waiters whose time is up. Workers that have not answered by now were late for them.
void Collector::serve_waiters(MonoTime upto) {
  const auto impatient = std::stable_partition(
      waiters_.begin(), waiters_.end(), [&](const Waiter& waiter) { return waiter.until > upto; });
  std::vector<Waiter> served(std::make_move_iterator(impatient),
                             std::make_move_iterator(waiters_.end()));
  waiters_.erase(impatient, waiters_.end());
  if (served.empty()) return;
  for (auto& [process, tracked] : tracked_) {
    tracked.late = tracked.asking;
  }
  serve(std::move(served));
}

// Each rendering goes to all who want its format: a copy to each, the text itself to the last.
void Collector::serve(std::vector<Waiter> waiters) {
  const bool complete = std::all_of(tracked_.begin(), tracked_.end(), [](const auto& entry) {
    return entry.second.up && !entry.second.late;
  });
  std::map<metrics::Format, std::vector<Done>> scrapes;
  for (Waiter& waiter : waiters) {
    if (!waiter.format) {
      waiter.done({});
      continue;
    }
    metrics_.count_scrape(complete);
    scrapes[*waiter.format].push_back(std::move(waiter.done));
  }
  for (const auto& [format, dones] : scrapes) {
    std::string text = render(format);
    for (std::size_t i = 0; i + 1 < dones.size(); ++i)
      dones[i](text);
    dones.back()(std::move(text));
  }
}

void Collector::serve_soon(Waiter waiter) {
  soon_.push_back(std::move(waiter));
  if (soon_.size() > 1) return;  // posted already
  boost::asio::post(io_, [this] { serve(std::exchange(soon_, {})); });
}

void Collector::round_progress() {
  if (!round_open_) return tell_of_answers();
  const bool waiting = std::any_of(tracked_.begin(), tracked_.end(),
                                   [](const auto& entry) { return entry.second.asking; });
  if (!waiting) finish_round();
}

void Collector::tell_of_answers() {
  if (!heard_.empty() && on_answers_) on_answers_(std::exchange(heard_, {}));
  heard_.clear();
}

void Collector::finish_round() {
  round_open_ = false;
  tell_of_answers();
  round_timer_.cancel();
  const MonoTime now = clock_.mono();
  metrics_.observe_round(now - round_began_);
  // One of the timer may have been before what whoever scrapes next has just seen.
  const bool scraped = std::any_of(waiters_.begin(), waiters_.end(),
                                   [](const Waiter& waiter) { return waiter.format.has_value(); });
  if (scraped) round_ended_ = now;
  serve_waiters(MonoTime::max());
}

void Collector::scrape(metrics::Format format, Duration wait, Done done) {
  if (!round_open_ && round_ended_ != MonoTime{} && clock_.mono() - round_ended_ < kReuseFor) {
    serve_soon({{}, format, std::move(done)});
  } else {
    round(wait, Why::Scrape, format, std::move(done));
  }
}

std::string Collector::render(metrics::Format format) {
  const MonoTime began = clock_.mono();
  std::string text;
  ledger_.render(own_families(), format, began, text);
  metrics_.observe_aggregation(clock_.mono() - began);
  return text;
}

std::vector<metrics::Family> Collector::own_families() {
  const auto snapshot = snapshots_.load();
  const auto latest = history_.latest();
  const auto database = latest && latest->database ? *latest->database : telemetry::Reach{};
  const bool store_is_out =
      store_outage(*snapshot, database.reached, database.workers, database.cut_off).has_value();
  std::vector<metrics::Family> result = fleet_families(*snapshot, store_is_out);
  const auto add = [&](std::vector<metrics::Family> more) {
    std::move(more.begin(), more.end(), std::back_inserter(result));
  };
  add(loop_metrics_.families());
  add(log_families(relay_.counters()));
  add(ledger_families(ledger_.statistics()));

  std::vector<std::pair<std::string, ProcessStats>> processes;
  const auto look_at = [&](const std::string& worker, std::int64_t pid) {
    // Of two processes with one name (a rolling restart), the older one is shown.
    if (!processes.empty() && processes.back().first == worker) return;
    if (auto stats = usage_.stats(pid)) processes.emplace_back(worker, *stats);
  };
  look_at("holdfast", snapshot->pid);
  WorkerFreshness freshness;
  for (const auto& [process, tracked] : tracked_) {
    if (tracked.ended) continue;
    look_at(tracked.source.worker, tracked.source.pid);
    const Speaker* const speaker = asked_as(tracked);
    if (speaker == nullptr) continue;
    const auto good = ledger_.last_good(speaker->source);
    freshness.add(tracked.source.worker, tracked.up,
                  good ? std::optional<Duration>(clock_.mono() - *good) : std::nullopt);
  }
  add(process_families(processes));
  add(std::move(freshness).take());
  add(metrics_.families());
  for (const MoreFamilies& more : more_families_)
    add(more());
  return result;
}

}  // namespace holdfast::supervisor::collector
