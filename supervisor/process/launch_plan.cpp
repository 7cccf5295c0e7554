// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/launch_plan.hpp"

#include "common/protocol/variables.hpp"
#include "supervisor/process/rehearsal.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <limits>

namespace holdfast::supervisor::process {

namespace {

void plan_strings(LaunchPlan& plan, const LaunchSpec& spec) {
  const std::string listen_pid = fmt::format("{}=", protocol::kListenPid);
  for (const std::string& argument : spec.argv)
    plan.argv.push_back(argument.c_str());
  plan.argv.push_back(nullptr);
  plan.strings = spec.envp;
  for (std::string& entry : plan.strings) {
    if (entry.starts_with(listen_pid)) {
      entry = listen_pid + std::string(kPidWidth, '0');
      plan.listen_pid = entry.data() + listen_pid.size();
    }
    plan.envp.push_back(entry.c_str());
  }
  plan.envp.push_back(nullptr);
}

// Above all targets, however high that is: for a program with very many sockets.
bool move_above(LaunchPlan& plan, int last_target) {
  for (PassedFd& move : plan.moves) {
    if (move.source > last_target) continue;
    Fd moved(::fcntl(move.source, F_DUPFD_CLOEXEC, last_target + 1));
    if (!moved) return false;
    move.source = moved.get();
    plan.held.push_back(std::move(moved));
  }
  return true;
}

bool move_sources(LaunchPlan& plan, LowFds& low) {
  const int last_target = plan.moves.back().target;
  if (!low.fit(plan.moves.size(), last_target)) return move_above(plan, last_target);
  for (std::size_t index = 0; index < plan.moves.size(); ++index) {
    if (!low.put(index, plan.moves[index].source)) return false;
    plan.moves[index].source = low.at(index);
  }
  plan.keep_below = low.end();
  return true;
}

}  // namespace

tl::expected<LaunchPlan, LaunchError> make_plan(const LaunchSpec& spec, LowFds& low) {
  LaunchPlan plan;
  plan.spec = &spec;
  plan.parent = ::getpid();
  plan_strings(plan, spec);
  if (spec.oom_score_adj) plan.oom_score = std::to_string(*spec.oom_score_adj);

  plan.moves = spec.fds;
  for (int standard = 0; standard <= 2; ++standard) {
    const auto named = [&](const PassedFd& fd) { return fd.target == standard; };
    if (std::none_of(spec.fds.begin(), spec.fds.end(), named)) {
      plan.moves.push_back({standard, low.null()});
    }
  }
  std::sort(plan.moves.begin(), plan.moves.end(),
            [](const PassedFd& a, const PassedFd& b) { return a.target < b.target; });
  if (!move_sources(plan, low)) return tl::unexpected(LaunchError{"dup2", errno});

  unsigned next = 0;
  for (const PassedFd& move : plan.moves) {
    const unsigned target = static_cast<unsigned>(move.target);
    if (target > next) plan.unwanted.emplace_back(next, target - 1);
    next = target + 1;
  }
  plan.unwanted.emplace_back(next, std::numeric_limits<unsigned>::max());

  plan.change_identity = spec.identity && changes_identity(*spec.identity);
  return plan;
}

}  // namespace holdfast::supervisor::process
