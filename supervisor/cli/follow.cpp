// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/follow.hpp"

#include "common/os/exit_codes.hpp"
#include "common/protocol/names.hpp"
#include "common/text/terminal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <future>

namespace holdfast::supervisor::cli {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

// A waiting request is answered after this, with or without news.
constexpr int kWaitSeconds = 20;
constexpr Duration kDeadline = 40s;

void print_event(const json& event, bool as_json) {
  if (as_json) {
    print(text::for_terminal(event.dump()) + "\n");
    return;
  }
  const std::string who = event.value("worker", event.value("program", "holdfast"));
  print(text::for_terminal(fmt::format("{}  {:<16} {:<18} {}\n", event.value("time", ""),
                                       event.value("kind", ""), who, event.value("message", ""))));
  for (const json& frame : event.value("stack", json::array()))
    print(fmt::format("    {}\n", text::for_terminal_line(frame.get<std::string>())));
}

}  // namespace

namespace {

std::uint64_t last_event(const AdminClient& connection) {
  const auto answer = connection.ask(
      "GET", fmt::format("{}?limit=1&after=18446744073709551614", protocol::kEventsPath));
  if (!answer) return 0;
  const json page = json::parse(answer->body, nullptr, false);
  return page.is_object() ? page.value("last_seq", std::uint64_t{0}) : 0;
}

// Returns the number of the last event that was printed.
std::uint64_t print_progress(const AdminClient& connection, std::uint64_t after) {
  const auto answer =
      connection.ask("GET", fmt::format("{}?limit=1000&after={}", protocol::kEventsPath, after));
  if (!answer) return after;
  const json page = json::parse(answer->body, nullptr, false);
  if (!page.is_object()) return after;
  for (const json& event : page.value("events", json::array())) {
    fmt::print(stderr, "  {}\n", text::for_terminal(event.value("message", "")));
    after = event.value("seq", after);
  }
  return after;
}

}  // namespace

Result<http::Response> ask_with_progress(const AdminClient& connection, const std::string& target,
                                         Duration deadline) {
  std::uint64_t after = last_event(connection);
  auto outcome =
      std::async(std::launch::async, [&] { return connection.ask("POST", target, deadline); });
  while (outcome.wait_for(200ms) != std::future_status::ready)
    after = print_progress(connection, after);
  return outcome.get();
}

int events(const AdminClient& connection, const Arguments& arguments) {
  auto answer = connection.ask(
      "GET", fmt::format("{}?limit=1&after=18446744073709551614", protocol::kEventsPath));
  if (!answer) return unreachable(answer.error());
  const json first = json::parse(answer->body, nullptr, false);
  const std::uint64_t last = first.is_object() ? first.value("last_seq", std::uint64_t{0}) : 0;
  std::uint64_t after = last > arguments.lines ? last - arguments.lines : 0;
  for (bool more = true; more;) {
    answer = connection.ask("GET",
                            fmt::format("{}?limit=1000&after={}&wait={}", protocol::kEventsPath,
                                        after, arguments.follow ? kWaitSeconds : 0),
                            kDeadline);
    if (!answer) return unreachable(answer.error());
    const json page = json::parse(answer->body, nullptr, false);
    if (!page.is_object())
      return unreachable(Error{ErrorKind::DataLoss, "the supervisor sent an invalid answer", 0});
    for (const json& event : page["events"]) {
      print_event(event, arguments.json);
      after = event.value("seq", after);
    }
    more = arguments.follow || after < page.value("last_seq", after);
    if (page["events"].empty() && !arguments.follow) break;
  }
  return exit_code::kOk;
}

}  // namespace holdfast::supervisor::cli
