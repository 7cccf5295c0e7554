// SPDX-License-Identifier: Apache-2.0
#include "supervisor/status/parameters.hpp"

#include "common/protocol/names.hpp"
#include "common/text/number.hpp"
#include "supervisor/status/crash_answers.hpp"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <span>

namespace holdfast::supervisor::status {

namespace {

using Names = std::span<const std::string_view>;

constexpr std::array<std::string_view, 4> kOfEvents{"after", "last", "limit", "wait"};
constexpr std::array<std::string_view, 3> kOfLogs{"after", "lines", "wait"};
constexpr std::array<std::string_view, 1> kOfCrashes{"limit"};
// Of all commands; what they may be is the commands' own matter.
constexpr std::array<std::string_view, 8> kOfCommands{"wait",  "count", "signal", "level",
                                                      "reset", "for",   "target", "receiver"};

// All of them are numbers.
Names read_parameters(std::string_view path) {
  if (path == protocol::kEventsPath) return kOfEvents;
  if (path == protocol::kLogsPath) return kOfLogs;
  if (is_crash_path(path)) return kOfCrashes;
  return {};
}

// A silence is for one alert; all else may be about several programs.
bool has_one_name(std::string_view path) {
  return path == protocol::kSilencePath || path == protocol::kUnsilencePath;
}

}  // namespace

std::optional<std::string> wrong_parameter(const http::Request& request) {
  const bool commands = request.method == "POST";
  const auto repeated = [&](std::string_view name) {
    return request.query_values(name).size() > 1;
  };
  for (const std::string_view name : commands ? kOfCommands : read_parameters(request.path)) {
    if (repeated(name)) return fmt::format("{} must be given once", name);
    const std::string* const text = request.query_value(name);
    if (commands || text == nullptr || text::parse_number<std::uint64_t>(*text)) continue;
    return fmt::format("{} must be a whole number", name);
  }
  if (commands && has_one_name(request.path) && repeated("name")) return "name must be given once";
  return std::nullopt;
}

}  // namespace holdfast::supervisor::status
