// SPDX-License-Identifier: Apache-2.0
// The real Alertmanager takes what Holdfast tells it.
#include "supervisor/alerts/delivery.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/free_port.hpp"
#include "tests/support/process.hpp"
#include "tests/support/stack.hpp"

#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::test;
using nlohmann::json;

namespace {

struct Alertmanager {
  TempDir dir;
  std::string port = free_port();
  std::unique_ptr<Process> process;

  Alertmanager() {
    std::ofstream(dir / "config.yml") << "route:\n  receiver: nobody\nreceivers:\n- name: nobody\n";
    process = std::make_unique<Process>(
        std::vector<std::string>{find_program("prometheus-alertmanager").native(),
                                 "--config.file=" + (dir / "config.yml").native(),
                                 "--storage.path=" + (dir / "data").native(),
                                 "--web.listen-address=127.0.0.1:" + port,
                                 "--cluster.listen-address="},
        ProcessOptions{.output = dir / "log"});
    const bool ready = wait_until([&] { return ask("/-/ready").has_value(); });
    INFO(process->output());
    REQUIRE(ready);
  }
  std::string url() const { return "http://127.0.0.1:" + port; }
  std::optional<std::string> ask(const std::string& path) const {
    const auto answer = http::fetch("GET", url() + path, {}, "");
    if (!answer || answer->status != 200) return std::nullopt;
    return answer->body;
  }
  json alerts() const { return json::parse(ask("/api/v2/alerts").value_or("[]")); }
};

alerts::Notification notification(int number, alerts::AlertStatus status) {
  alerts::Alert alert;
  alert.id = "01J";
  alert.key = {"HoldfastWorkerCrashed", "api-worker.0"};
  alert.program = "api-worker";
  alert.severity = alerts::Severity::Critical;
  alert.status = status;
  alert.summary = "api-worker.0 crashed: signal 11 (SIGSEGV)";
  alert.starts_at = alert.last_event_at = SystemClock().wall();
  if (status == alerts::AlertStatus::Resolved) alert.ends_at = alert.starts_at;
  alerts::Notification message;
  message.id = "n-" + std::to_string(number);
  message.receiver = "am";
  message.status = status;
  message.host = "host-1";
  message.alerts.push_back(alert);
  return message;
}

}  // namespace

TEST_CASE("Alertmanager shows a test message of a running stack") {
  const Alertmanager alertmanager;
  Stack stack(
      "[program.idle]\ncommand = [\"sleep\", \"1000\"]\nready = \"started\"\n"
      "[alert_receiver.am]\ntype = \"alertmanager\"\nurl = \"" +
      alertmanager.url() + "/\"\n");
  stack.wait_ready();
  const auto answer = stack.command({"alert", "test"});
  INFO(answer.output);
  CHECK(answer.exit_code == 0);
  const json alerts = alertmanager.alerts();
  REQUIRE(alerts.size() == 1);
  CHECK(alerts[0]["labels"]["alertname"] == "HoldfastTest");
  CHECK(alerts[0]["labels"]["test"] == "true");
  CHECK(alerts[0]["annotations"]["summary"] == "This is a test: alerts of this stack arrive here.");
}

TEST_CASE("Alertmanager knows what fires, and that it is over, as one alert") {
  const Alertmanager alertmanager;
  const TempDir dir;
  const SystemClock clock;
  log::LogOptions options = log::options_for(log::Level::Info, log::Format::Json);
  options.write = [](std::string_view) {};
  const log::Logger log(options);
  alerts::Database database(dir / "alerts.db", log);
  alerts::Outbox outbox(database);
  process::OwnChildren children;
  const alerts::Variables environment;
  const alerts::TransportParts transport{environment, {}, children};
  config::AlertReceiver receiver;
  receiver.type = "alertmanager";
  receiver.url = alertmanager.url();
  alerts::Delivery delivery({{"am", receiver}}, outbox, transport, clock, log, {});

  delivery.send(notification(1, alerts::AlertStatus::Firing));
  REQUIRE(wait_until([&] { return !delivery.holds("am", "n-1"); }));
  const json firing = alertmanager.alerts();
  REQUIRE(firing.size() == 1);
  CHECK(firing[0]["status"]["state"] == "active");
  CHECK(firing[0]["labels"]["severity"] == "critical");
  CHECK(firing[0]["labels"]["program"] == "api-worker");

  delivery.send(notification(2, alerts::AlertStatus::Resolved));
  REQUIRE(wait_until([&] { return !delivery.holds("am", "n-2"); }));
  // It lists what is active.
  CHECK(wait_until([&] { return alertmanager.alerts().empty(); }));
}
