// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/client.hpp"

#include "common/http/client.hpp"
#include "supervisor/cli/status_table.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

namespace holdfast::supervisor::cli {

namespace {

using nlohmann::json;
using namespace std::chrono_literals;

void print(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fflush(stdout);
}

void complain(const std::string& text) {
  fmt::print(stderr, "holdfast: {}\n", text);
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '-' || c == '.' || c == '_';
    if (plain) {
      out.push_back(c);
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

class Client {
 public:
  explicit Client(const std::filesystem::path& runtime_dir) : socket_(runtime_dir / "admin.sock") {}

  Result<http::Response> ask(const std::string& method, const std::string& target,
                             Duration deadline = 10s) const {
    if (::access(socket_.c_str(), F_OK) != 0 && errno == ENOENT) {
      return fail(ErrorKind::Unavailable,
                  fmt::format("the supervisor is not running: no socket at {} (is --config or "
                              "HOLDFAST_RUNTIME_DIR right?)",
                              socket_.native()));
    }
    if (::access(socket_.c_str(), W_OK) != 0) {
      return fail(ErrorKind::PermissionDenied,
                  fmt::format("you may not open {}: run as its owner, as root, or join its group",
                              socket_.native()));
    }
    http::FetchOptions options;
    options.deadline = deadline;
    options.max_response_bytes = 64u << 20;
    auto answer =
        http::fetch(method, fmt::format("unix:{}:{}", socket_.native(), target), {}, "", options);
    if (!answer) {
      return fail(ErrorKind::Unavailable,
                  fmt::format("no answer on {}: {}", socket_.native(), answer.error().message));
    }
    return answer;
  }

 private:
  std::filesystem::path socket_;
};

int unreachable(const Error& error) {
  complain(error.message);
  return kExitUnreachable;
}

int status(const Client& client, const Arguments& arguments) {
  for (;;) {
    const auto answer = client.ask("GET", "/status");
    if (!answer) return unreachable(answer.error());
    const int code = status_is_healthy(answer->body) ? kExitOk : kExitDegraded;
    if (arguments.json) {
      print(answer->body + "\n");
    } else {
      const auto table = status_table(answer->body, ::isatty(STDOUT_FILENO) == 1);
      if (!table) return unreachable(table.error());
      print(arguments.watch ? "\033[H\033[2J" + *table : *table);
    }
    if (!arguments.watch) return code;
    ::poll(nullptr, 0, 1000);
  }
}

int command(const Client& client, const std::string& target) {
  // As long as the work may take: a rolling restart drains one worker after the other.
  const auto answer = client.ask("POST", target, 1h);
  if (!answer) return unreachable(answer.error());
  const json body = json::parse(answer->body, nullptr, false);
  const std::string message =
      body.is_object() ? body.value("message", body.value("detail", "")) : answer->body;
  if (answer->status == 200) {
    print(message + "\n");
    return kExitOk;
  }
  complain(message);
  return answer->status == 422 ? kExitUsage : kExitDegraded;
}

void print_event(const json& event, bool as_json) {
  if (as_json) {
    print(event.dump() + "\n");
    return;
  }
  const std::string who = event.value("worker", event.value("program", "holdfast"));
  print(fmt::format("{}  {:<16} {:<18} {}\n", event.value("time", ""), event.value("kind", ""), who,
                    event.value("message", "")));
}

int events(const Client& client, const Arguments& arguments) {
  auto answer = client.ask("GET", "/events?limit=1&after=18446744073709551614");
  if (!answer) return unreachable(answer.error());
  const json first = json::parse(answer->body, nullptr, false);
  const std::uint64_t last = first.is_object() ? first.value("last_seq", std::uint64_t{0}) : 0;
  std::uint64_t after = last > arguments.lines ? last - arguments.lines : 0;
  for (bool more = true; more;) {
    answer = client.ask(
        "GET", fmt::format("/events?limit=1000&after={}&wait={}", after, arguments.follow ? 20 : 0),
        40s);
    if (!answer) return unreachable(answer.error());
    const json page = json::parse(answer->body, nullptr, false);
    if (!page.is_object()) return unreachable(Error{ErrorKind::DataLoss, "bad answer", 0});
    for (const json& event : page["events"]) {
      print_event(event, arguments.json);
      after = event.value("seq", after);
    }
    more = arguments.follow || after < page.value("last_seq", after);
    if (page["events"].empty() && !arguments.follow) break;
  }
  return kExitOk;
}

int health(const Client& client, bool ready) {
  const auto answer = client.ask("GET", ready ? "/ready" : "/health");
  if (!answer) return unreachable(answer.error());
  print(answer->body + "\n");
  return answer->status == 200 ? kExitOk : kExitDegraded;
}

}  // namespace

int run_client(const Arguments& arguments, const std::filesystem::path& runtime_dir) {
  const Client client(runtime_dir);
  const std::string name = "?name=" + escaped(arguments.name);
  switch (arguments.verb) {
    case Verb::Status: return status(client, arguments);
    case Verb::Restart: return command(client, "/restart" + name);
    case Verb::Stop: return command(client, "/stop" + name);
    case Verb::Start: return command(client, "/start" + name);
    case Verb::Scale:
      return command(client, fmt::format("/scale{}&count={}", name, arguments.count));
    case Verb::Reload: return command(client, "/reload");
    case Verb::Events: return events(client, arguments);
    case Verb::Health: return health(client, arguments.ready);
    case Verb::Run:
    case Verb::CheckConfig:
    case Verb::Version: break;
  }
  return kExitUsage;
}

}  // namespace holdfast::supervisor::cli
