// SPDX-License-Identifier: Apache-2.0
// What the checker knows of health checks and of the proving time of a roll.
#include "tests/simulation/core/checker.hpp"
#include "tests/simulation/core/describe.hpp"

namespace holdfast::supervisor::core::simulation {

void Checker::on_check(const CheckHealth& check) {
  const auto found = truth_.live.find(check.process);
  if (found == truth_.live.end() || !found->second.ready) {
    wrong("a health check of one that is not ready: " + describe(Action(check)));
    return;
  }
  if (found->second.checking) wrong("two health checks at a time");
  if (check.program == nullptr || !check.program->health.asks())
    wrong("a check without a question");
  found->second.checking = true;
}

void Checker::learn_health(const HealthChecked& checked) {
  const auto found = truth_.live.find(checked.process);
  if (found == truth_.live.end() || !found->second.checking) return;
  Worker& worker = found->second;
  worker.checking = false;
  const config::Program* program = fleet_.program(checked.process.slot.program);
  if (!worker.ready || program == nullptr || !program->health.asks()) return;
  if (checked.outcome == HealthChecked::Outcome::Well) worker.misses = 0;
  const bool judged = now_ >= worker.extended_until;
  if (checked.outcome == HealthChecked::Outcome::Unwell && judged) ++worker.misses;
}

// Who has failed often enough is ended at once; who is not asked any more starts over.
void Checker::check_health(const Event& event) {
  const auto* checked = std::get_if<HealthChecked>(&event);
  for (auto& [id, worker] : truth_.live) {
    if (worker.misses == 0) continue;
    const config::Program* program = fleet_.program(id.slot.program);
    if (program == nullptr || !program->health.asks()) {
      worker.misses = 0;
    } else if (checked != nullptr && checked->process == id && worker.ready &&
               worker.misses >= program->health_failures && !was_finished_) {
      wrong("one that is unhealthy is left alone");
    }
  }
}

// A roll stops the old process only when the new one has been ready for min_ready_time.
void Checker::check_proven(const ProcessId& replaced) {
  // Memory is a failure of its own, which waits for no successor.
  const auto* used = event_ == nullptr ? nullptr : std::get_if<MemoryUsed>(event_);
  if (used != nullptr && used->process == replaced) return;
  if (event_ == nullptr || std::holds_alternative<Command>(*event_) ||
      std::holds_alternative<Reload>(*event_) || truth_.shutdown) {
    return;
  }
  const config::Program* program = fleet_.program(replaced.slot.program);
  if (program == nullptr || !truth_.rolling.contains(replaced.slot.program)) return;
  for (const ProgramView& view : fleet_.view().programs) {
    if (view.id != replaced.slot.program) continue;
    if (replaced.slot.slot >= view.wanted) return;
    // A stop whose turn has come in a batch ends both.
    for (const SlotView& slot : view.slots) {
      if (slot.id == replaced.slot && slot.state == SlotState::Stopping) return;
    }
  }
  for (const auto& [id, worker] : truth_.live) {
    if (id.slot != replaced.slot || id.incarnation <= replaced.incarnation || !worker.ready)
      continue;
    if (now_ < worker.ready_at + program->min_ready_time)
      wrong("the old process is stopped before the new one has proved itself");
  }
}

}  // namespace holdfast::supervisor::core::simulation
