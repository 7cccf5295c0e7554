// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/runtime_watch.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <utility>

namespace holdfast::supervisor {

RuntimeWatch::RuntimeWatch(sockets::RuntimeDir& directory, Processes& processes,
                           TelemetryLink& telemetry, Reporter& reporter)
    : directory_(directory),
      processes_(processes),
      telemetry_(telemetry),
      reporter_(reporter),
      status_(file_id(directory.status_socket())),
      admin_(file_id(directory.admin_socket())) {}

void RuntimeWatch::check() {
  directory_.turn_others_away();
  const auto restored = restore();
  if (!restored) {
    const std::string& why = restored.error().message;
    if (std::exchange(trouble_, why) == why) return;
    reporter_.record("runtime_dir_lost",
                     fmt::format("the runtime directory '{}' is not as it was left, and cannot be "
                                 "made again: {}; trying again each second",
                                 directory_.path().native(), why),
                     log::Level::Error);
    return;
  }
  trouble_.clear();
  if (restored->empty()) return;
  reporter_.record("runtime_dir_restored",
                   fmt::format("what had vanished from '{}' was made again: {}; exclude the "
                               "directory from what removes old files",
                               directory_.path().native(), fmt::join(*restored, ", ")),
                   log::Level::Warn);
}

Result<std::vector<std::string>> RuntimeWatch::restore() {
  std::vector<std::string> restored;
  if (!directory_.intact()) {
    HOLDFAST_TRY(directory_.restore());
    restored.emplace_back("the directory or its lock");
  }
  HOLDFAST_TRY_ASSIGN(const std::size_t notify, processes_.restore_notify_sockets());
  if (notify > 0) restored.emplace_back("notification sockets");
  HOLDFAST_TRY_ASSIGN(const bool status, restore_endpoint(Endpoint::Status, status_));
  if (status) restored.push_back(directory_.status_socket().filename().native());
  HOLDFAST_TRY_ASSIGN(const bool admin, restore_endpoint(Endpoint::Admin, admin_));
  if (admin) restored.push_back(directory_.admin_socket().filename().native());
  if (processes_.restore_worker_sockets() > 0) restored.emplace_back("sockets of workers");
  return restored;
}

Result<bool> RuntimeWatch::restore_endpoint(Endpoint endpoint, std::optional<FileId>& present) {
  const bool admin = endpoint == Endpoint::Admin;
  const auto path = admin ? directory_.admin_socket() : directory_.status_socket();
  if (present && file_id(path) == present) return false;
  HOLDFAST_TRY_ASSIGN(Fd listener, admin ? directory_.listen_admin() : directory_.listen_status());
  present = file_id(path);
  telemetry_.serve(endpoint, std::move(listener));
  return true;
}

}  // namespace holdfast::supervisor
