// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/readiness_announcer.hpp"

#include "common/net/address.hpp"
#include "supervisor/engine/service_manager.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

namespace holdfast::supervisor {

namespace {

constexpr std::string_view kStatusName = "status";  // of the supervisor's own listener

// How a person on this machine gets to a listener.
struct Reachable {
  std::string base;  // "http://127.0.0.1:3000"
  std::string curl;  // the options for it; empty: none
};

Reachable reachable(const std::string& address) {
  auto parsed = net::parse_listen_address(address);
  if (!parsed) return {"http://" + address, {}};
  if (parsed->kind == net::ListenAddress::Kind::Unix)
    return {"http://localhost", fmt::format("--unix-socket '{}'", parsed->path)};
  if (parsed->host == "0.0.0.0") parsed->host = "127.0.0.1";
  if (parsed->host == "::") parsed->host = "::1";
  return {"http://" + net::format_listen_address(*parsed), {}};
}

bool serves_api(const config::Program& program) {
  return !program.command.empty() &&
         std::filesystem::path(program.command.front()).filename() == "holdfast-api-worker";
}

// An API worker serves every socket that it is handed, whatever its name.
std::vector<Reachable> api_listeners(const FleetSnapshot& snapshot) {
  std::vector<Reachable> result;
  for (const auto& [name, address] : snapshot.listeners) {
    const std::string& listener = name;
    const bool served =
        std::any_of(snapshot.view.programs.begin(), snapshot.view.programs.end(),
                    [&](const core::ProgramView& program) {
                      const auto& sockets = program.config->sockets;
                      return serves_api(*program.config) &&
                             std::find(sockets.begin(), sockets.end(), listener) != sockets.end();
                    });
    if (served) result.push_back(reachable(address));
  }
  return result;
}

}  // namespace

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
  const std::vector<Reachable> apis = api_listeners(snapshot);
  for (const Reachable& api : apis)
    log_.info(fmt::format("API     {}", api.curl.empty() ? api.base + "/api/documents"
                                                         : fmt::format("curl {} {}/api/documents",
                                                                       api.curl, api.base)),
              {});
  for (const auto& [name, address] : snapshot.listeners) {
    if (name != kStatusName) continue;
    log_.info(fmt::format("status  {}/ (page), /status, /metrics", reachable(address).base), {});
  }
  if (!apis.empty()) {
    const std::string curl = apis[0].curl.empty() ? "curl" : "curl " + apis[0].curl;
    log_.info(fmt::format("try     {} --data-binary @README.md -H 'Content-Type: text/plain' "
                          "'{}/api/documents?title=Readme'",
                          curl, apis[0].base),
              {});
    log_.info(fmt::format("then    {} '{}/api/search?q=supervised+stack'", curl, apis[0].base), {});
  }
  log_.info("stop    Ctrl-C", {});
}

}  // namespace holdfast::supervisor
