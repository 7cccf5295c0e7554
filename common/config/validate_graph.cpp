// SPDX-License-Identifier: Apache-2.0
#include "common/base/duration.hpp"
#include "common/config/shutdown_shares.hpp"
#include "common/config/suggest.hpp"
#include "common/config/validate.hpp"
#include "common/protocol/names.hpp"

#include <algorithm>
#include <set>

namespace holdfast::config {

namespace {

using ByName = std::map<std::string, const Program*>;

// Every name in `names` must be in `known`, and be given only once.
void validate_names(const std::string& section, const char* key,
                    const std::vector<std::string>& names, const std::vector<std::string>& known,
                    const char* what, LoadReport& report) {
  std::set<std::string> seen;
  for (const std::string& name : names) {
    if (!seen.insert(name).second) {
      report.problem(section, key, fmt::format("{}: '{}' is given twice", key, name));
    } else if (std::find(known.begin(), known.end(), name) == known.end()) {
      report.problem(
          section, key,
          fmt::format("{}: there is no {} '{}'{}", key, what, name, did_you_mean(name, known)));
    }
  }
}

// Follows `after` depth first; a program that is still on the path closes a cycle.
class CycleSearch {
 public:
  CycleSearch(const ByName& programs, LoadReport& report) : programs_(programs), report_(report) {}

  void visit(const Program& program) {
    if (done_.contains(program.name)) return;
    path_.push_back(program.name);
    for (const std::string& name : program.after) {
      const auto next = programs_.find(name);
      if (next == programs_.end() || name == program.name) continue;  // reported elsewhere
      const auto met = std::find(path_.begin(), path_.end(), name);
      if (met != path_.end()) {
        report_cycle(met);
      } else {
        visit(*next->second);
      }
    }
    path_.pop_back();
    done_.insert(program.name);
  }

 private:
  void report_cycle(std::vector<std::string>::const_iterator from) {
    std::string cycle;
    for (auto name = from; name != path_.end(); ++name)
      cycle += *name + " -> ";
    report_.problem("program." + *from, "after",
                    fmt::format("after: programs wait for each other: {}{}", cycle, *from));
  }

  const ByName& programs_;
  LoadReport& report_;
  std::vector<std::string> path_;
  std::set<std::string> done_;
};

// Oneshots are long gone by then, unless they run at times.
bool may_have_to_stop(const Program& program) {
  return program.type == ProgramType::Service || is_scheduled(program);
}

// Programs stop one after the other along `after`.
Duration stop_time(const Program& program, const ByName& programs,
                   std::map<std::string, Duration>& known) {
  if (const auto found = known.find(program.name); found != known.end()) return found->second;
  Duration below{};
  for (const std::string& name : program.after) {
    if (const auto next = programs.find(name); next != programs.end()) {
      below = std::max(below, stop_time(*next->second, programs, known));
    }
  }
  const Duration own = may_have_to_stop(program) ? program.stop_timeout : Duration{};
  return known[program.name] = own + below;
}

void validate_stop_time(const Config& config, const ByName& programs, LoadReport& report) {
  const Duration budget = stop_budget(config.supervisor.shutdown_deadline);
  const auto limits = [&](const char* verb) {
    return fmt::format("{} {} of the shutdown deadline of {}: the rest is killed", verb,
                       format_duration(budget),
                       format_duration(config.supervisor.shutdown_deadline));
  };
  std::map<std::string, Duration> known;
  const Program* slowest = nullptr;
  bool one_is_enough = false;
  for (const Program& program : config.programs) {
    const bool counts = may_have_to_stop(program) && program.stop_timeout > budget;
    if (counts) {
      one_is_enough = true;
      report.warning("program." + program.name, "stop_timeout",
                     fmt::format("stop_timeout: {} does not fit into {}",
                                 format_duration(program.stop_timeout), limits("the")));
    }
    stop_time(program, programs, known);
    if (slowest == nullptr || known[program.name] > known[slowest->name]) slowest = &program;
  }
  if (slowest == nullptr || one_is_enough || known[slowest->name] <= budget) return;
  report.warning("program." + slowest->name, "stop_timeout",
                 fmt::format("stop_timeout: with the programs that it comes after, '{}' may take "
                             "{} to stop, and there are {}; lower the stop_timeout of these "
                             "programs, or raise supervisor.shutdown_deadline to {}",
                             slowest->name, format_duration(known[slowest->name]), limits("only"),
                             format_duration(deadline_for(known[slowest->name]))));
}

void validate_stop_grace(const Supervisor& supervisor, LoadReport& report) {
  const Duration needed = needed_grace(supervisor.shutdown_deadline);
  if (supervisor.stop_grace == Duration::zero() || supervisor.stop_grace >= needed) return;
  report.warning(
      "supervisor", "stop_grace",
      fmt::format("stop_grace: everything is killed after {}, and the shutdown deadline of {} "
                  "needs {}: raise the grace of the container's runtime or lower the deadline",
                  format_duration(supervisor.stop_grace),
                  format_duration(supervisor.shutdown_deadline), format_duration(needed)));
}

void warn_of_unused_listeners(const Config& config, LoadReport& report) {
  std::set<std::string> used;
  for (const Program& program : config.programs) {
    used.insert(program.sockets.begin(), program.sockets.end());
  }
  for (const auto& [name, listen] : config.listen) {
    const std::string section = "listen." + name;
    if (used.contains(name) || !report.given(section, "address")) continue;
    report.warning(
        section, "",
        "no program names this listener in its 'sockets': what connects to it is never answered");
  }
}

}  // namespace

void validate_graph(const Config& config, LoadReport& report) {
  ByName programs;
  std::vector<std::string> program_names;
  std::vector<std::string> listener_names;
  for (const Program& program : config.programs) {
    programs[program.name] = &program;
    program_names.push_back(program.name);
  }
  for (const auto& [name, listen] : config.listen)
    listener_names.push_back(name);
  // It is made as soon as a program names it.
  if (!config.listen.contains(protocol::kHttpFd)) listener_names.push_back(protocol::kHttpFd);

  bool has_self_loop = false;
  for (const Program& program : config.programs) {
    const std::string section = "program." + program.name;
    validate_names(section, "after", program.after, program_names, "program", report);
    validate_names(section, "sockets", program.sockets, listener_names, "listener", report);
    for (const std::string& name : program.after) {
      const auto on = programs.find(name);
      if (on == programs.end() || !is_scheduled(*on->second)) continue;
      report.problem(
          section, "after",
          fmt::format("after: '{}' runs at times, so nothing can wait for it to be done", name));
    }
    if (std::find(program.after.begin(), program.after.end(), program.name) !=
        program.after.end()) {
      has_self_loop = true;
      report.problem(section, "after", "after: a program cannot come after itself");
    }
  }
  CycleSearch search(programs, report);
  for (const Program& program : config.programs)
    search.visit(program);
  warn_of_unused_listeners(config, report);
  validate_stop_grace(config.supervisor, report);
  // The sum along a path is only defined where paths end.
  if (!has_self_loop && report.clean()) validate_stop_time(config, programs, report);
}

}  // namespace holdfast::config
