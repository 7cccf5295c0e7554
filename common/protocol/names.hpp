// SPDX-License-Identifier: Apache-2.0
#pragma once

// What the supervisor and its workers call things when they talk to each other. The environment
// variables are in variables.hpp.

#include <algorithm>
#include <array>
#include <string_view>

namespace holdfast::protocol {

// Inherited descriptors, by their names in LISTEN_FDNAMES.
inline constexpr char kHttpFd[] = "http";             // the public listener, [listen.http]
inline constexpr char kTelemetryFd[] = "telemetry";   // the worker's own listening Unix socket
inline constexpr char kRateLimitFd[] = "rate-limit";  // memory that all API workers count in
inline constexpr char kDoorbellFd[] = "doorbell";     // an eventfd that wakes queue workers
// A sealed memfd with the configuration that the supervisor has validated
// (common/config/handover.hpp).
inline constexpr char kConfigurationFd[] = "configuration";
// The worker's own memory for what it is at (in_flight.hpp).
inline constexpr char kInFlightFd[] = "in-flight";
// Memory by which the supervisor chooses their log level (common/log/level_page.hpp).
inline constexpr char kLogLevelFd[] = "log-level";

// Workers of Holdfast's get these under fixed names: no listener may be called so.
inline constexpr std::array<std::string_view, 6> kReservedFds{
    kTelemetryFd, kRateLimitFd, kDoorbellFd, kConfigurationFd, kInFlightFd, kLogLevelFd};
constexpr bool is_reserved_fd(std::string_view name) {
  return std::find(kReservedFds.begin(), kReservedFds.end(), name) != kReservedFds.end();
}

// Paths of the telemetry socket, the status endpoint and the public API.
inline constexpr char kMetricsPath[] = "/metrics";
inline constexpr char kReadyPath[] = "/ready";
inline constexpr char kLivePath[] = "/live";
inline constexpr char kHealthPath[] = "/health";
inline constexpr char kVerboseQuery[] = "verbose";  // of /ready: with all checks

// Paths of the status endpoint and the administration socket.
inline constexpr char kStatusPath[] = "/status";
inline constexpr char kEventsPath[] = "/events";
inline constexpr char kLogsPath[] = "/logs";
inline constexpr char kCrashesPath[] = "/crashes";
inline constexpr char kRestartPath[] = "/restart";
inline constexpr char kStopPath[] = "/stop";
inline constexpr char kStartPath[] = "/start";
inline constexpr char kScalePath[] = "/scale";
inline constexpr char kSignalPath[] = "/signal";
inline constexpr char kReloadPath[] = "/reload";
inline constexpr char kLogLevelPath[] = "/log-level";
inline constexpr char kConfigDiffPath[] = "/config/diff";
inline constexpr char kAlertsPath[] = "/alerts";
inline constexpr char kSilencePath[] = "/alerts/silence";
inline constexpr char kUnsilencePath[] = "/alerts/unsilence";
inline constexpr char kAlertsTestPath[] = "/alerts/test";

// In RUNTIME_DIR, for `holdfast` commands; the second is read-only.
inline constexpr char kAdminSocketFile[] = "admin.sock";
inline constexpr char kStatusSocketFile[] = "status.sock";

// The end of a worker's life: it has drained and says so with kDrainedKey=1 on the notification
// socket; the supervisor collects its metrics once more with this query; then it exits.
inline constexpr char kDrainedKey[] = "HOLDFAST_DRAINED";
inline constexpr char kFinalQuery[] = "final";

}  // namespace holdfast::protocol
