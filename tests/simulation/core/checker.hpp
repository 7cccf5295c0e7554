// SPDX-License-Identifier: Apache-2.0
#pragma once

// Checker: follows one fleet through events and actions, keeps the true state of the world, and
// reports what is wrong. It knows the promises of fleet.hpp and nothing of how they are kept.

#include "tests/simulation/core/truth.hpp"

#include <string>

namespace holdfast::supervisor::core::simulation {

class Checker {
 public:
  Checker(const Fleet& fleet, const config::Supervisor& supervisor,
          const std::vector<config::Program>& programs);

  // Before and after each step. `after` returns what is wrong, or nothing.
  void before(const Event& event, MonoTime now);
  std::string after(const Event& event, const Actions& actions, MonoTime now);
  // The expensive part: compares the whole view with the truth.
  std::string check_view(MonoTime now);
  // To be called after everything has behaved well for long enough.
  std::string check_quiescent();

  const Truth& truth() const { return truth_; }

 private:
  void on_action(const Action& action);
  void on_spawn(const Spawn& spawn);
  void on_signal(const Signal& signal);
  void on_check(const CheckHealth& check);
  void learn_health(const HealthChecked& checked);
  void check_health(const Event& event);
  void check_proven(const ProcessId& replaced);
  void check_told(const Signal& signal, const Worker& worker);
  void on_report(const Report& report);
  void on_accepted(const Accepted& accepted);
  void on_reply(const Reply& reply);
  void check_outcome();
  void learn_program(std::uint32_t id);
  bool has_slot(const SlotId& slot) const;
  void note_causes_to_run(const Event& event);
  bool names(const std::vector<std::string>& targets, const SlotId& slot);
  void check_stage(const ProcessId& process);
  bool is_starting(const ProcessId& id, const Worker& worker) const;
  std::uint32_t starting() const;
  bool places_are_taken(const SlotId& slot) const;
  void check_newcomer(const Event& event);
  void check_shutdown();
  void end(const ProcessId& process);
  void check_schedule(const ProgramView& program);
  std::uint32_t known_by_name(const std::string& name) const;
  void check_slot(const ProgramView& program, const SlotView& slot);
  void learn_from(std::uint64_t request);
  bool is_replaced(std::uint32_t program);
  void check_stopped(std::uint64_t request);
  void note_what_gave_up(std::uint64_t request);
  void check_tried_again(std::uint64_t request);
  void count_restart(const SlotId& slot);
  void check_memory(const MemoryUsed& used, const Actions& actions);
  void note_files(const Event& event);
  void check_files(const Report& report);
  void wrong(std::string what);

  struct Known {
    std::string name;
    std::vector<std::string> after;
    std::vector<std::string> groups;
  };

  const Fleet& fleet_;
  Truth truth_;
  std::map<std::uint32_t, Known> known_;     // every program id ever seen
  std::map<std::string, MonoTime> planned_;  // the next run of each program with a schedule
  std::set<std::uint64_t> open_batches_;     // commands about several programs, unanswered
  std::set<std::string> may_run_;            // those that have a reason to
  std::map<std::uint64_t, Event> asked_;     // by request, until it has taken effect
  std::optional<std::uint64_t> queued_;      // the reload that waits for the one under way
  std::optional<std::uint64_t> applied_;     // the reload under way
  bool reload_succeeded_ = false;            // in this step
  std::map<std::uint64_t, std::vector<ProcessId>> to_be_gone_;  // by the request to stop them
  // By reload: what had failed with exit 78 when it came.
  std::map<std::uint64_t, std::vector<ProcessId>> gave_up_;
  const Event* event_ = nullptr;                          // of this step
  std::map<SlotId, std::vector<MonoTime>> starts_alone_;  // since anybody asked for any
  std::map<SlotId, MonoTime> replaced_;                   // when its memory last led to a roll
  // By program: when its files have changed, first and last, since it was restarted for that.
  std::map<std::string, std::pair<MonoTime, MonoTime>> files_changed_;
  bool restarts_for_files_ = false;   // in this step
  std::set<SlotId> stopped_by_hand_;  // before this step, if files have changed
  MonoTime now_{};
  bool was_finished_ = false;
  bool was_reloading_ = false;
  std::optional<ProcessId> aborted_;  // by SIGABRT, and the SIGCONT is still to come
  bool late_tick_ = false;
  std::string problem_;
  std::uint64_t seen_revision_ = 0;
  std::string seen_view_;
};

// Everything of a view but times.
std::string fingerprint(const FleetView& view);

}  // namespace holdfast::supervisor::core::simulation
