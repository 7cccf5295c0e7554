// SPDX-License-Identifier: Apache-2.0
#include "supervisor/cli/alert_test.hpp"

#include "common/os/exit_codes.hpp"
#include "common/text/terminal.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace holdfast::supervisor::cli {

namespace {

using TestAnswer = nlohmann::json;

// A receiver may take a minute, and all are tried at the same time.
constexpr Duration kLongestTest = std::chrono::seconds(90);

std::string indented(const std::string& text) {
  std::string out = "    ";
  for (const char c : text) {
    out += c;
    if (c == '\n') out += "    ";
  }
  while (out.ends_with(' ') || out.ends_with('\n'))
    out.pop_back();
  return out + "\n";
}

void print_report(const TestAnswer& report) {
  print(text::for_terminal(fmt::format(
      "{} ({}): {}\n  sent:\n{}  answered:\n{}", report.value("receiver", ""),
      report.value("type", ""), report.value("ok", false) ? "delivered" : "not delivered",
      indented(report.value("sent", "")), indented(report.value("answered", "")))));
}

}  // namespace

int test_alerts(const AdminClient& client, const Arguments& arguments) {
  std::string target = protocol::kAlertsTestPath;
  if (!arguments.receiver.empty()) target += "?receiver=" + query_escaped(arguments.receiver);
  const auto answer = client.ask("POST", target, kLongestTest);
  if (!answer) return unreachable(answer.error());
  if (answer->status != 200) return refused(*answer);
  const TestAnswer body = TestAnswer::parse(answer->body, nullptr, false);
  if (!body.is_object() || !body.contains("reports") || !body["reports"].is_array())
    return unreachable({ErrorKind::DataLoss, "the supervisor's answer makes no sense", 0});
  if (arguments.json) {
    print(text::for_terminal(answer->body) + "\n");
  } else {
    for (const TestAnswer& report : body["reports"])
      print_report(report);
  }
  return body.value("ok", false) ? exit_code::kOk : exit_code::kFailed;
}

}  // namespace holdfast::supervisor::cli
