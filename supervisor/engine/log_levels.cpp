// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/log_levels.hpp"

#include "common/config/names.hpp"
#include "supervisor/state/choose.hpp"

#include <fmt/ranges.h>

#include <algorithm>

namespace holdfast::supervisor {

namespace {

constexpr const char* kSupervisor = "holdfast";

}  // namespace

Result<std::string> LogLevels::choose(const std::vector<std::string>& names,
                                      std::optional<log::Level> level, const core::FleetView& view,
                                      log::Level configured) {
  const bool all =
      names.empty() || std::find(names.begin(), names.end(), config::kEveryProgram) != names.end();
  bool own = all;
  std::vector<std::string> fleet;  // names of programs and workers
  for (const std::string& name : names) {
    if (name == kSupervisor) {
      own = true;
    } else if (!all) {
      fleet.push_back(name);
    }
  }
  if (all) fleet.assign(1, std::string(config::kEveryProgram));
  core::Selection selection;
  if (!fleet.empty()) selection = select(fleet, view);
  // Without any program, "all" is the supervisor alone.
  if (!selection.error.empty() && !all) return fail(ErrorKind::NotFound, selection.error);

  std::vector<const core::Chosen*> targets;
  for (const core::Chosen& one : selection.chosen) {
    const std::string& program = view.programs[one.program].config->name;
    if (processes_.is_own(program)) {
      targets.push_back(&one);
    } else if (one.named || (!all && selection.chosen.size() == 1)) {
      return fail(ErrorKind::InvalidArgument,
                  fmt::format("{} has a logger of its own: change its level by its own means, a "
                              "signal or its configuration. Holdfast sets the level of its own "
                              "workers, and of 'holdfast' itself, below which lines of other "
                              "programs are left out",
                              program));
    }
  }
  if (targets.empty() && !own) {
    return fail(ErrorKind::InvalidArgument,
                "none of these programs is one of Holdfast's workers; others have loggers of their "
                "own");
  }

  std::vector<std::string> done;
  if (own) {
    set_own(level.value_or(configured));
    note(kSupervisor, level);
    done.emplace_back(kSupervisor);
  }
  for (const core::Chosen* one : targets) {
    const std::string& program = view.programs[one->program].config->name;
    if (one->whole) {
      processes_.choose_log_level(program, std::nullopt, level);
      std::erase_if(chosen_,
                    [&](const auto& entry) { return entry.first.starts_with(program + "."); });
      note(program, level);
      done.push_back(program);
      continue;
    }
    for (const std::uint32_t slot : one->slots) {
      const std::string worker = fmt::format("{}.{}", program, slot);
      // Without a level of its own, the program's.
      const auto whole = chosen_.find(program);
      const bool follows = !level && whole != chosen_.end();
      processes_.choose_log_level(program, slot, follows ? std::optional(whole->second) : level);
      note(worker, level);
      done.push_back(worker);
    }
  }
  return fmt::format(
      "log level of {}: {}", fmt::join(done, ", "),
      level ? fmt::format("{}, until the next reload", log::to_string(*level)) : "as configured");
}

void LogLevels::reset(log::Level configured) {
  chosen_.clear();
  processes_.reset_log_levels();
  set_own(configured);
}

void LogLevels::set_own(log::Level level) {
  log_.set_level(level);
  relay_.set_level(level);
}

void LogLevels::note(const std::string& name, std::optional<log::Level> level) {
  if (level) {
    chosen_[name] = *level;
  } else {
    chosen_.erase(name);
  }
}

}  // namespace holdfast::supervisor
