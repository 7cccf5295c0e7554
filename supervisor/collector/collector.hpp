// SPDX-License-Identifier: Apache-2.0
#pragma once

// Collector: asks the workers for their metrics, keeps the ledger, and writes the aggregate.
//
// It asks all of them each two seconds, and once more when somebody scrapes; a scrape waits for the
// late ones no longer than 400 ms, or less if it says so, and then shows their last good answer.
// Scrapes at the same time share one round; a round younger than 100 ms is not repeated.
//
// Of several processes that name the same address only one is asked, the oldest slot's oldest,
// until it has ended: what answers there would otherwise count once for each.
//
// Threads: the thread of `io`, begin() before it runs.

#include "common/http/message.hpp"
#include "common/log/logger.hpp"
#include "common/metrics/model.hpp"
#include "supervisor/collector/memory_total.hpp"
#include "supervisor/collector/own_families.hpp"
#include "supervisor/collector/usage.hpp"
#include "supervisor/logs/log_relay.hpp"
#include "supervisor/state/loop_metrics.hpp"
#include "supervisor/state/snapshot.hpp"
#include "supervisor/state/telemetry_link.hpp"
#include "supervisor/telemetry/conflict_reports.hpp"
#include "supervisor/telemetry/ledger.hpp"
#include "supervisor/telemetry/samples.hpp"

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace holdfast::supervisor::telemetry {

class Collector {
 public:
  Collector(boost::asio::io_context& io, const Clock& clock, const SnapshotCell& snapshots,
            const LoopMetrics& self, const process::LogRelay& relay, const log::Logger& log,
            LedgerSettings settings);

  void begin();
  void end();

  void started(const MetricsSource& source);
  void drained(const core::ProcessId& process);  // one last scrape
  void exited(const core::ProcessId& process);

  using Done = std::function<void(std::string)>;
  // `wait`: for late workers, at most kScrapeWait.
  void scrape(metrics::Format format, Duration wait, Done done);
  // The recent past, a sample each two seconds.
  const SampleRing& samples() const { return samples_; }
  Usage usage_of(std::int64_t pid) { return usage_.of(pid); }

 private:
  struct Tracked {
    MetricsSource source;
    bool asking = false;      // a request is under way
    bool want_final = false;  // ask once more, for the last time
    bool up = true;           // answered the last time it was asked
    bool ended = false;       // the process is gone; retired when the request is over
  };
  struct Waiter {
    MonoTime until{};
    std::function<void()> done;
  };

  void tick();
  void round(Duration wait, std::function<void()> done);
  void arm_round_timer();
  void time_passed();
  void serve_waiters(MonoTime upto);
  bool is_asked(const Tracked& tracked) const;
  void ask(Tracked& tracked, bool final);
  void answered(const core::ProcessId& process, Result<http::Response> answer);
  void take_sample();
  void retire(const core::ProcessId& process);
  void round_progress();
  void finish_round();
  std::string render(metrics::Format format);
  std::vector<metrics::Family> own_families();

  boost::asio::io_context& io_;
  const Clock& clock_;
  const SnapshotCell& snapshots_;
  const LoopMetrics& self_;
  const process::LogRelay& relay_;
  const log::Logger& log_;
  const Limits limits_;
  Ledger ledger_;
  ConflictReports conflict_reports_;
  UsageCache usage_;
  MemoryTotal memory_;
  SampleRing samples_;
  std::map<core::ProcessId, Tracked> tracked_;
  std::map<std::string, core::ProcessId> speakers_;  // by URL: whose metrics they are

  boost::asio::steady_timer tick_timer_;
  boost::asio::steady_timer round_timer_;
  std::vector<Waiter> waiters_;
  bool round_open_ = false;
  MonoTime round_began_{};
  MonoTime round_ended_{};

  std::uint64_t complete_scrapes_ = 0;
  std::uint64_t partial_scrapes_ = 0;
  FetchErrors fetch_errors_;
  metrics::HistogramValue collect_seconds_;
  metrics::HistogramValue aggregate_seconds_;
  metrics::HistogramValue age_at_exit_;
};

}  // namespace holdfast::supervisor::telemetry
