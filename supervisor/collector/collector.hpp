// SPDX-License-Identifier: Apache-2.0
#pragma once

// Collector: requests the workers' metrics, feeds the ledger and renders the aggregate.
//
// A round requests the metrics of every worker at once. There is a round every two seconds, more
// often for a moment while none of Holdfast's own workers has reported yet, and one for each
// scrape. A scrape waits for late workers for at most 400 ms, or for less if the scraper announces
// a short timeout, and then shows their last good answers. Concurrent scrapes share a round; one
// of a scrape that ended less than 100 ms ago is reused.
//
// If several processes name the same URL, only one of them is asked, until it has exited: the
// answer would otherwise be counted once per process.
//
// Threads: everything on the thread of `io`; begin() before it runs.

#include "common/http/message.hpp"
#include "common/log/logger.hpp"
#include "common/metrics/model.hpp"
#include "supervisor/collector/collection_metrics.hpp"
#include "supervisor/collector/memory_total.hpp"
#include "supervisor/collector/memory_watch.hpp"
#include "supervisor/collector/usage.hpp"
#include "supervisor/logs/log_relay.hpp"
#include "supervisor/state/loop_metrics.hpp"
#include "supervisor/state/memory_observer.hpp"
#include "supervisor/state/snapshot.hpp"
#include "supervisor/state/telemetry_link.hpp"
#include "supervisor/telemetry/conflict_reports.hpp"
#include "supervisor/telemetry/history.hpp"
#include "supervisor/telemetry/ledger.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace holdfast::supervisor::collector {

class Collector {
 public:
  Collector(boost::asio::io_context& io, const Clock& clock, const SnapshotCell& snapshots,
            const LoopMetrics& loop_metrics, const logs::LogRelay& relay, const log::Logger& log,
            telemetry::LedgerSettings settings);

  // Told of the workers that have answered a request, whatever the answer, once at the end of each
  // round: it wakes another thread. To be set before begin().
  using OnAnswers = std::function<void(std::vector<core::ProcessId>)>;
  void on_answers(OnAnswers told) { on_answers_ = std::move(told); }

  // Told of the totals of each round of the timer. To be set before begin().
  using OnTotals = std::function<void(const telemetry::Totals&)>;
  void on_totals(OnTotals told) { on_totals_ = std::move(told); }
  // More families of the supervisor's own, for each scrape. To be added before begin().
  using MoreFamilies = std::function<std::vector<metrics::Family>()>;
  void add_families(MoreFamilies more) { more_families_.push_back(std::move(more)); }

  // `memory` outlives the collector, or its end().
  void begin(MemoryObserver& memory);
  void end();

  void started(const MetricsSource& source);
  void drained(const core::ProcessId& process);  // one last scrape
  // One more scrape, then `done`; at once if the process is not asked for metrics.
  void stopping(const core::ProcessId& process, std::function<void()> done);
  void exited(const core::ProcessId& process);

  using Done = std::function<void(std::string)>;
  // `wait`: how long to wait for late workers, at most kScrapeWait. Scrapes that wait at the same
  // time share one rendering, so that a flood of them costs little more than one.
  void scrape(metrics::Format format, Duration wait, Done done);
  // The last minutes, one point per round of the timer.
  const telemetry::StackHistory& history() const { return history_; }
  Usage usage_of(std::int64_t pid) { return usage_.of(pid); }

 private:
  struct Tracked {
    MetricsSource source;
    std::optional<telemetry::SourceRules> rules;  // from the first answer on
    bool asking = false;                          // a request is in flight, or waits for its turn
    bool is_final = false;                        // it is for the final metrics
    bool is_long = false;                         // its answers take turns (kLongAnswer)
    bool want_final = false;  // request the final metrics once this request is over
    bool up = true;           // the last request that is over succeeded, within its own time
    bool late = false;        // the last scrape did not wait for its answer any longer
    int failures = 0;         // in a row
    MonoTime asked_at{};
    MonoTime since{};               // when it was started
    bool ended = false;             // has exited; retired once the request is over
    std::function<void()> on_last;  // stopping(): called when a request sent after it is over
    bool asking_last = false;       // the request in flight is that one
  };
  struct Waiter {
    MonoTime until{};
    std::optional<metrics::Format> format;  // none: it wants the round, not its text
    Done done;
  };

  // Who is asked at an address that several workers may share, and as whom the ledger knows the
  // exporter there: it goes on when the one that was asked first has gone.
  struct Speaker {
    core::ProcessId process;
    telemetry::SourceId source;
  };

  void tick_in(Duration interval);
  void tick_soon_if_unreported();
  enum class Why { Timer, Scrape };
  void round(Duration wait, Why why, std::optional<metrics::Format> format, Done done);
  bool is_due(const Tracked& tracked, Why why, MonoTime now) const;
  void note_outcome(Tracked& tracked, const std::string& failure);
  void arm_round_timer();
  void time_passed();
  void serve_waiters(MonoTime upto);
  void serve(std::vector<Waiter> waiters);
  void serve_soon(Waiter waiter);
  // The speaker at its address that it is, or nullptr: it is not asked.
  const Speaker* asked_as(const Tracked& tracked) const;
  bool is_asked(const Tracked& tracked) const { return asked_as(tracked) != nullptr; }
  void ask(Tracked& tracked, bool final);
  void send(Tracked& tracked);
  void next_turn();
  void answered(const core::ProcessId& process, Result<http::Response> answer);
  void extend_history();
  void retire(const core::ProcessId& process);
  void note_programs();
  bool pass_on(const std::string& url, Speaker& speaker);
  void round_progress();
  void tell_of_answers();
  void finish_round();
  std::string render(metrics::Format format);
  std::vector<metrics::Family> own_families();

  boost::asio::io_context& io_;
  const Clock& clock_;
  const SnapshotCell& snapshots_;
  const LoopMetrics& loop_metrics_;
  const logs::LogRelay& relay_;
  const log::Logger& log_;
  const telemetry::LedgerLimits limits_;
  telemetry::Ledger ledger_;
  telemetry::ConflictReports conflict_reports_;
  UsageCache usage_;
  MemoryTotal memory_;
  std::optional<MemoryWatch> memory_watch_;
  telemetry::StackHistory history_;
  std::map<core::ProcessId, Tracked> tracked_;
  std::deque<core::ProcessId> turns_;        // who waits to be asked for a long answer
  std::size_t long_requests_ = 0;            // in flight
  std::map<std::string, Speaker> speakers_;  // by URL

  OnAnswers on_answers_;
  std::vector<core::ProcessId> heard_;  // since it was told last
  OnTotals on_totals_;
  std::vector<MoreFamilies> more_families_;
  boost::asio::steady_timer tick_timer_;
  boost::asio::steady_timer round_timer_;
  std::vector<Waiter> waiters_;  // for the end of the round
  std::vector<Waiter> soon_;     // for what the last round brought
  bool round_open_ = false;
  MonoTime round_began_{};
  MonoTime round_ended_{};  // the last one of a scrape

  CollectionMetrics metrics_;
};

}  // namespace holdfast::supervisor::collector
