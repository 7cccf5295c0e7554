// SPDX-License-Identifier: Apache-2.0
#pragma once

// Rules: from what happens and how things stand to the alerts that fire now. Pure: no clock, no
// I/O. When anybody is told of them is the notifier's decision.
//
// States come from a snapshot of the fleet and the totals of the metrics, and fire once they have
// lasted. Events are counted in a sliding window for each key; they stop firing when the window has
// held fewer than the count for as long as the window is.
//
// Threads: one owner (the alert thread).

#include "common/config/config.hpp"
#include "supervisor/alerts/alert.hpp"
#include "supervisor/alerts/condition_table.hpp"
#include "supervisor/alerts/conditions.hpp"
#include "supervisor/alerts/error_ledger.hpp"
#include "supervisor/alerts/event_window.hpp"
#include "supervisor/alerts/moment.hpp"
#include "supervisor/logs/error_line.hpp"
#include "supervisor/state/event_log.hpp"
#include "supervisor/state/snapshot.hpp"
#include "supervisor/telemetry/history.hpp"

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace holdfast::supervisor::alerts {

// An alert that fires. Its id and what it has been told are the notifier's.
struct Finding {
  Alert alert;
  std::string inhibited;  // why nobody needs to hear of it; empty: they do
};

class Rules {
 public:
  explicit Rules(const config::Config& config);
  // After a reload. What has been counted stays.
  void configure(const config::Config& config);

  // Which programs there are. Before what happens is told, for it may be about a new one.
  void learn(const FleetSnapshot& snapshot);

  // What fired when the supervisor ended. It goes on firing until it is known not to.
  void restore(const std::vector<Alert>& firing, const Moment& now);

  // Whether on_event() has a use for events of this kind.
  static bool concerns(std::string_view kind);
  void on_event(const EventRecord& event, const Moment& now);
  // Of a crash that on_event() was told of; before or after that.
  void on_crash(const CrashReportPtr& report, const Moment& now);
  void on_error_line(const logs::ErrorLine& line, const Moment& now);
  // Lines that there was no room for: of what, is not known.
  void on_lines_left_out(const std::string& program, std::uint64_t number, const Moment& now);
  void on_totals(const telemetry::Totals& totals, const Moment& now);
  // The supervisor before this one did not shut down.
  void on_unclean_restart(const std::string& how, const Moment& now);

  // All that fires now, the most severe first.
  std::vector<Finding> evaluate(const FleetSnapshot& snapshot, const Moment& now);

  // Whether nothing can change by the passing of time alone.
  bool is_quiet() const { return episodes_.empty() && holding_.empty(); }

  // Errors counted since the start, by program.
  const std::map<std::string, std::uint64_t>& errors() const { return errors_; }
  // How long the oldest job that is due may wait.
  Duration backlog_threshold() const;

 private:
  struct Episode {  // of events
    explicit Episode(std::uint32_t count) : window(count) {}
    EventWindow window;
    Alert alert;
    bool firing = false;
    std::optional<MonoTime> below_since;
    // What has happened until then was told by another alert, for this reason.
    std::optional<MonoTime> excused_until;
    std::string excuse;
    // Another alert will tell of it if its state lasts.
    std::optional<MonoTime> deferred_since;
    std::string deferred;  // for this reason; empty: it is not
  };
  struct Excuse {
    std::string reason;    // empty: there is none
    bool is_told = false;  // the alert that says more fires, and people hear of it
    Duration hold{};
  };
  struct Holding {  // of a state
    MonoTime since{};
    MonoTime seen{};  // when it was last known to be so
    bool restored = false;
    bool firing = false;
    Alert alert;
  };

  const RuleSettings* enabled(std::string_view name) const;
  Episode* count(std::string_view name, const std::string& target, const std::string& program,
                 std::uint64_t weight, const Moment& now);
  void note_crash(const EventRecord& event, const Moment& now);
  void count_errors(const std::string& program, std::uint64_t number, const Moment& now);
  void add_sample(const std::string& program, ErrorSample sample);
  void add_states(const FleetSnapshot& snapshot, const Moment& now, std::vector<Finding>& findings);
  void add_events(const Moment& now, std::vector<Finding>& findings);
  void inhibit(const FleetSnapshot& snapshot, const Moment& now, std::vector<Finding>& findings);
  void note_excuses(const std::vector<Finding>& findings, const Moment& now);
  Excuse excuse_for(const AlertKey& key, const std::string& program,
                    const std::vector<Finding>& findings) const;

  config::Alerts settings_;
  std::map<std::string, RuleSettings, std::less<>> rules_;
  std::map<AlertKey, Episode> episodes_;
  std::map<AlertKey, Holding> holding_;
  std::map<std::string, ErrorLedger> ledgers_;  // by program
  std::map<std::string, std::uint64_t> errors_;
  std::optional<telemetry::Totals> totals_;
  std::deque<std::pair<std::string, std::uint64_t>> accounted_;   // workers whose end is no crash
  std::vector<std::shared_ptr<const config::Program>> programs_;  // that the rest follows from
  std::set<std::string> scheduled_;                               // programs
  std::set<std::string> own_;                                     // run Holdfast's own workers
};

}  // namespace holdfast::supervisor::alerts
