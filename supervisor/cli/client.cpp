// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/client.hpp"

#include "common/os/exit_codes.hpp"
#include "common/protocol/names.hpp"
#include "common/text/terminal.hpp"
#include "supervisor/cli/admin_client.hpp"
#include "supervisor/cli/alert_test.hpp"
#include "supervisor/cli/alerts.hpp"
#include "supervisor/cli/crashes.hpp"
#include "supervisor/cli/follow.hpp"
#include "supervisor/cli/status_table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

namespace holdfast::supervisor::cli {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

int status(const AdminClient& client, const Arguments& arguments) {
  const std::string target = protocol::kStatusPath + names_query(arguments.names);
  for (;;) {
    const auto answer = client.ask("GET", target);
    if (!answer) return unreachable(answer.error());
    if (answer->status != 200) return refused(*answer);
    const int code = status_is_healthy(answer->body) ? exit_code::kOk : exit_code::kFailed;
    if (arguments.json) {
      print(text::for_terminal(answer->body) + "\n");
    } else {
      const auto table = status_table(answer->body, ::isatty(STDOUT_FILENO) == 1);
      if (!table) return unreachable(table.error());
      print(arguments.watch ? "\033[H\033[2J" + *table : *table);
    }
    if (!arguments.watch) return code;
    ::poll(nullptr, 0, 1000);
  }
}

// Longer than any stop, start or migration may sensibly take; the supervisor gives up no sooner.
constexpr Duration kLongestCommand = 24h;

// On a terminal, shows what happens in the fleet until the command is over.
int command(const AdminClient& client, const Arguments& arguments, std::string target) {
  if (arguments.no_wait)
    target += fmt::format("{}wait=false", target.find('?') == std::string::npos ? '?' : '&');
  const bool show = !arguments.no_wait && ::isatty(STDERR_FILENO) == 1;
  const auto answer = show ? ask_with_progress(client, target, kLongestCommand)
                           : client.ask("POST", target, kLongestCommand);
  if (!answer) return unreachable(answer.error());
  if (answer->status != 200) return refused(*answer);
  print(message_of(*answer) + "\n");
  return exit_code::kOk;
}

std::string log_level_target(const Arguments& arguments) {
  const std::string names = names_query(arguments.names);
  return fmt::format("{}{}{}{}", protocol::kLogLevelPath, names.empty() ? "?" : names + "&",
                     arguments.reset ? "reset=true" : "level=", arguments.level);
}

int health(const AdminClient& client, bool ready) {
  const auto answer = client.ask("GET", ready ? protocol::kReadyPath : protocol::kHealthPath);
  if (!answer) return unreachable(answer.error());
  print(text::for_terminal(answer->body) + "\n");
  return answer->status == 200 ? exit_code::kOk : exit_code::kFailed;
}

int names(const AdminClient& client) {
  for (const std::string& name : fleet_names(client))
    print(name + "\n");
  return exit_code::kOk;
}

}  // namespace

int run_client(const Arguments& arguments, const std::filesystem::path& runtime_dir) {
  const AdminClient client(runtime_dir);
  const std::string name = names_query(arguments.names);
  switch (arguments.verb) {
    case Verb::Status: return status(client, arguments);
    case Verb::Restart: return command(client, arguments, protocol::kRestartPath + name);
    case Verb::Stop: return command(client, arguments, protocol::kStopPath + name);
    case Verb::Start: return command(client, arguments, protocol::kStartPath + name);
    case Verb::Scale:
      return command(client, arguments,
                     fmt::format("{}{}&count={}", protocol::kScalePath, name, arguments.count));
    case Verb::Signal:
      return command(client, arguments,
                     fmt::format("{}{}&signal={}", protocol::kSignalPath, name,
                                 query_escaped(arguments.signal)));
    case Verb::Reload: return command(client, arguments, protocol::kReloadPath);
    case Verb::Events: return events(client, arguments);
    case Verb::Crashes: return list_crashes(client, arguments);
    case Verb::CrashShow: return show_crash(client, arguments);
    case Verb::LogLevel: return command(client, arguments, log_level_target(arguments));
    case Verb::AlertTest: return test_alerts(client, arguments);
    case Verb::Names: return names(client);
    case Verb::Health: return health(client, arguments.ready);
    case Verb::Alerts: return alerts(client, arguments);
    case Verb::AlertsSilence: return silence(client, arguments);
    case Verb::AlertsUnsilence: return unsilence(client, arguments);
    case Verb::Logs:
    case Verb::Run:
    case Verb::Completion:
    case Verb::CheckConfig:
    case Verb::Import:
    case Verb::Notify:
    case Verb::ApiKeyCreate:
    case Verb::ApiKeyList:
    case Verb::ApiKeyRevoke:
    case Verb::ApiKeyRotate:
    case Verb::Version: break;
  }
  return exit_code::kUsage;
}

}  // namespace holdfast::supervisor::cli
