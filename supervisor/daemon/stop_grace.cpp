// SPDX-License-Identifier: Apache-2.0
#include "supervisor/daemon/stop_grace.hpp"

#include "common/base/duration.hpp"
#include "common/config/shutdown_shares.hpp"

#include <fmt/format.h>

namespace holdfast::supervisor::daemon {

using namespace std::chrono_literals;

std::string stop_grace_advice(const config::Supervisor& supervisor,
                              const config::Environ& environ) {
  if (supervisor.stop_grace > Duration::zero()) return {};
  const bool in_kubernetes = environ.contains("KUBERNETES_SERVICE_HOST");
  const Duration usual = in_kubernetes ? 30s : 10s;
  const Duration needed = config::needed_grace(supervisor.shutdown_deadline);
  if (needed <= usual) return {};
  return fmt::format(
      "running as PID 1 of a container: a shutdown may take {}, so the runtime must wait at least "
      "{} before SIGKILL, but the default of {} is {}. Raise {} and set HOLDFAST_STOP_GRACE to the "
      "same value, or lower [supervisor] shutdown_deadline",
      format_duration(supervisor.shutdown_deadline), format_duration(needed),
      in_kubernetes ? "Kubernetes" : "Docker", format_duration(usual),
      in_kubernetes ? "terminationGracePeriodSeconds" : "stop_grace_period (docker stop -t)");
}

}  // namespace holdfast::supervisor::daemon
