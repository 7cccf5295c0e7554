// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/readiness_announcer.hpp"

#include "common/protocol/names.hpp"
#include "supervisor/engine/service_manager.hpp"

#include <fmt/format.h>

#include <utility>

namespace holdfast::supervisor {

void ReadinessAnnouncer::fleet_changed(const FleetSnapshot& snapshot, bool development) {
  const bool was_ready = std::exchange(ready_, snapshot.view.ready);
  if (was_ready && !ready_) not_ready_since_ = snapshot.taken_at;
  if (!was_ready && ready_) announce(snapshot, development);
}

void ReadinessAnnouncer::announce(const FleetSnapshot& snapshot, bool development) {
  const auto took =
      std::chrono::duration_cast<std::chrono::milliseconds>(snapshot.taken_at - not_ready_since_);
  const bool first = !std::exchange(announced_, true);
  const std::string counts = count_ready(snapshot.view);
  reporter_.record("fleet_ready",
                   fmt::format("fleet ready {}after {} ms{}{}", first ? "" : "again ", took.count(),
                               counts.empty() ? "" : ": ", counts),
                   log::Level::Info);
  if (first && development) print_hints(snapshot);
}

// In development a person is watching and wants to know what to do next.
void ReadinessAnnouncer::print_hints(const FleetSnapshot& snapshot) const {
  std::string api;
  std::string status;
  for (const auto& [name, address] : snapshot.listeners) {
    if (name == protocol::kHttpFd) api = address;
    if (name == "status") status = address;
  }
  if (api.starts_with("0.0.0.0:")) api.replace(0, 7, "127.0.0.1");
  if (!api.empty()) log_.info(fmt::format("API     http://{}/api/documents", api), {});
  if (!status.empty()) {
    log_.info(fmt::format("status  http://{}/ (page), /status, /metrics", status), {});
  }
  if (!api.empty()) {
    log_.info(fmt::format("try     curl --data-binary @README.md -H 'Content-Type: text/plain' "
                          "'http://{}/api/documents?title=Readme'",
                          api),
              {});
    log_.info(fmt::format("then    curl 'http://{}/api/search?q=supervised+stack'", api), {});
  }
  log_.info("stop    Ctrl-C", {});
}

}  // namespace holdfast::supervisor
