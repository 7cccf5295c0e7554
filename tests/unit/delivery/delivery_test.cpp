// SPDX-License-Identifier: Apache-2.0
// Delivery as a whole: threads, transport, outbox and real connections.
#include "supervisor/alerts/delivery.hpp"

#include "supervisor/alerts/dead_man_ping.hpp"
#include "supervisor/alerts/notification_families.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/http_peer.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/delivery/samples.hpp"

#include <atomic>
#include <fstream>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::alerts;
using namespace std::chrono_literals;
using test::HttpPeer;
using test::PeerReply;
using test::PeerRequest;
using Way = PeerReply::Way;

namespace {

config::AlertReceiver webhook(const std::string& url) {
  config::AlertReceiver receiver;
  receiver.type = "webhook";
  receiver.url = url;
  return receiver;
}

// One life of the delivery after the other, with the same outbox.
struct Life {
  test::TempDir dir;
  SystemClock clock;
  std::mutex mutex;
  std::vector<std::string> lines;
  log::Logger log{[this] {
    log::LogOptions options = log::options_for(log::Level::Info, log::Format::Json);
    options.write = [this](std::string_view line) {
      const std::lock_guard lock(mutex);
      lines.emplace_back(line);
    };
    return options;
  }()};
  Variables environment{{"PATH", "/usr/bin:/bin"}, {"SECRET_TOKEN", "sesame"}};
  process::OwnChildren children;
  TransportParts transport{environment, without_secrets(environment), children};
  std::vector<DeliveryOutcome> outcomes;
  std::unique_ptr<Database> database;
  std::unique_ptr<Outbox> outbox;
  std::unique_ptr<Delivery> delivery;

  void begin(const Receivers& receivers) {
    delivery.reset();
    database = std::make_unique<Database>(dir / "alerts.db", log);
    outbox = std::make_unique<Outbox>(*database);
    delivery = std::make_unique<Delivery>(receivers, *outbox, transport, clock, log,
                                          [this](const DeliveryOutcome& outcome) {
                                            const std::lock_guard lock(mutex);
                                            outcomes.push_back(outcome);
                                          });
  }
  bool wait_outcome(const std::string& id, DeliveryOutcome::Kind kind) {
    return test::wait_until([&] {
      const std::lock_guard lock(mutex);
      return std::any_of(outcomes.begin(), outcomes.end(), [&](const DeliveryOutcome& one) {
        return one.notification == id && one.kind == kind;
      });
    });
  }
  std::size_t lines_with(const std::string& text) {
    const std::lock_guard lock(mutex);
    return static_cast<std::size_t>(std::count_if(
        lines.begin(), lines.end(),
        [&](const std::string& line) { return line.find(text) != std::string::npos; }));
  }
};

constexpr auto kDelivered = DeliveryOutcome::Kind::Delivered;

Notification to(const std::string& receiver, Notification notification) {
  notification.receiver = receiver;
  return notification;
}

}  // namespace

TEST_CASE("a notification arrives, and its outcome is told") {
  HttpPeer peer([](const PeerRequest&) { return PeerReply{}; });
  Life life;
  life.begin({{"ops", webhook(peer.url("/in"))}});
  life.delivery->send(samples::crash());
  REQUIRE(life.wait_outcome("HoldfastWorkerCrashed-1", kDelivered));
  REQUIRE(peer.seen().size() == 1);
  CHECK(peer.seen()[0].target == "/in");
  CHECK(peer.seen()[0].headers["idempotency-key"] == "HoldfastWorkerCrashed-1");
  CHECK(life.lines.empty());
}

TEST_CASE("a receiver that is out of reach holds up no other, and catches up") {
  std::atomic<bool> well{false};
  HttpPeer bad([&](const PeerRequest&) { return well ? PeerReply{} : PeerReply{.status = 500}; });
  HttpPeer good([](const PeerRequest&) { return PeerReply{}; });
  Life life;
  life.begin({{"bad", webhook(bad.url())}, {"good", webhook(good.url())}});
  life.delivery->send(to("bad", samples::notification("A", 1)));
  life.delivery->send(to("good", samples::notification("B", 1)));
  CHECK(life.wait_outcome("B-1", kDelivered));
  CHECK(bad.wait_seen(2));
  CHECK(life.delivery->holds("bad", "A-1"));
  well = true;
  CHECK(life.wait_outcome("A-1", kDelivered));
  // One line when trouble begins, one when it is over.
  CHECK(life.lines_with("not delivered") == 1);
  CHECK(life.lines_with("arrive again") == 1);
}

TEST_CASE("what is undelivered at the end of one life is delivered in the next, once") {
  std::atomic<bool> well{false};
  HttpPeer peer([&](const PeerRequest&) { return well ? PeerReply{} : PeerReply{.status = 503}; });
  Life life;
  life.begin({{"ops", webhook(peer.url())}});
  life.delivery->send(samples::notification("A", 1));
  REQUIRE(peer.wait_seen(1));
  life.delivery.reset();
  well = true;
  life.begin({{"ops", webhook(peer.url())}});
  REQUIRE(life.wait_outcome("A-1", kDelivered));
  const std::size_t seen = peer.seen().size();
  life.begin({{"ops", webhook(peer.url())}});
  life.delivery->send(samples::notification("B", 1));
  REQUIRE(life.wait_outcome("B-1", kDelivered));
  CHECK(peer.seen().size() == seen + 1);
}

TEST_CASE("a stop breaks off what is under way") {
  HttpPeer peer([](const PeerRequest&) { return PeerReply{.way = Way::Silent}; });
  Life life;
  config::AlertReceiver receiver = webhook(peer.url());
  receiver.timeout = 60s;
  life.begin({{"ops", receiver}});
  life.delivery->send(samples::notification("A", 1));
  REQUIRE(peer.wait_seen(1));
  const auto begin = MonoTime::clock::now();
  life.delivery->flush_and_stop(begin);
  CHECK(MonoTime::clock::now() - begin < 30s);
  CHECK(life.outcomes.empty());
  CHECK(life.outbox->load("ops").size() == 1);
}

TEST_CASE("a flush waits for what is due") {
  HttpPeer peer([](const PeerRequest&) { return PeerReply{}; });
  Life life;
  life.begin({{"ops", webhook(peer.url())}});
  life.delivery->send(samples::notification("A", 1));
  life.delivery->send(samples::notification("B", 1));
  life.delivery->flush_and_stop(MonoTime::clock::now() + 60s);
  CHECK(life.outcomes.size() == 2);
  CHECK(peer.seen().size() == 2);
}

TEST_CASE("a suspended receiver is asked no more until a reload, and told of once") {
  std::atomic<bool> well{false};
  HttpPeer peer([&](const PeerRequest&) {
    return well ? PeerReply{} : PeerReply{.status = 403, .body = "invalid_token"};
  });
  Life life;
  const Receivers receivers{{"ops", webhook(peer.url())}};
  life.begin(receivers);
  life.delivery->send(samples::notification("A", 1));
  REQUIRE(test::wait_until([&] { return life.lines_with("invalid_token") == 1; }));
  life.delivery->send(samples::notification("B", 1));
  well = true;
  life.delivery->configure(receivers);
  CHECK(life.wait_outcome("A-1", kDelivered));
  CHECK(life.wait_outcome("B-1", kDelivered));
  CHECK(peer.seen().size() == 3);
}

TEST_CASE("a reload moves what waits to the new address, and drops what waits for nobody") {
  HttpPeer good([](const PeerRequest&) { return PeerReply{}; });
  HttpPeer bad([](const PeerRequest&) { return PeerReply{.status = 404}; });
  Life life;
  life.begin({{"ops", webhook(bad.url())}, {"gone", webhook(bad.url())}});
  life.delivery->send(to("ops", samples::notification("A", 1)));
  life.delivery->send(to("gone", samples::notification("B", 1)));
  REQUIRE(bad.wait_seen(2));
  life.delivery->configure({{"ops", webhook(good.url())}});
  CHECK(life.wait_outcome("A-1", kDelivered));
  CHECK(life.wait_outcome("B-1", DeliveryOutcome::Kind::Dropped));
  life.delivery->send(to("gone", samples::notification("C", 1)));
  CHECK(life.wait_outcome("C-1", DeliveryOutcome::Kind::Dropped));
}

TEST_CASE("each way to fail has its reason in the metrics, and is tried again") {
  struct Failing {
    PeerReply reply;
    const char* reason;
  };
  const Failing table[] = {
      {{.status = 500}, "server"},
      {{.way = Way::Close}, "network"},
      {{.way = Way::Garbage}, "network"},
      {{.way = Way::Silent}, "timeout"},
      {{.way = Way::DripHead}, "timeout"},
      {{.status = 429, .headers = {{"Retry-After", "0"}}}, "rate_limited"},
  };
  for (const Failing& failing : table) {
    INFO(failing.reason);
    std::atomic<int> asked{0};
    HttpPeer peer([&](const PeerRequest&) { return asked++ == 0 ? failing.reply : PeerReply{}; });
    Life life;
    config::AlertReceiver receiver = webhook(peer.url());
    receiver.timeout = 1s;
    life.begin({{"ops", receiver}});
    life.delivery->send(samples::notification("A", 1));
    REQUIRE(life.wait_outcome("A-1", kDelivered));
    const NotificationMetrics metrics = life.delivery->metrics().at(0);
    CHECK(metrics.failed.count(failing.reason) == 1);
    CHECK(metrics.delivered == 1);
    CHECK(metrics.queue_length == 0);
    CHECK(metrics.last_success > 0);
  }
}

TEST_CASE("a message that was accepted is not sent again, whatever becomes of the answer's body") {
  const PeerReply replies[] = {{.way = Way::Drip}, {.body = std::string(100'000, 'x')}};
  for (const PeerReply& reply : replies) {
    HttpPeer peer([&](const PeerRequest&) { return reply; });
    Life life;
    config::AlertReceiver receiver = webhook(peer.url());
    receiver.timeout = 1s;
    life.begin({{"ops", receiver}});
    life.delivery->send(samples::notification("A", 1));
    REQUIRE(life.wait_outcome("A-1", kDelivered));
    CHECK(life.delivery->metrics().at(0).failed.empty());
    CHECK(peer.seen().size() == 1);
  }
}

TEST_CASE("a redirect is not followed") {
  HttpPeer elsewhere([](const PeerRequest&) { return PeerReply{}; });
  HttpPeer peer([&](const PeerRequest&) {
    return PeerReply{.status = 302, .headers = {{"Location", elsewhere.url()}}};
  });
  Life life;
  life.begin({{"ops", webhook(peer.url())}});
  life.delivery->send(samples::notification("A", 1));
  CHECK(test::wait_until([&] { return life.lines_with("redirects are not followed") == 1; }));
  CHECK(elsewhere.seen().empty());
}

TEST_CASE("over TLS, only a certificate of an authority that is trusted counts") {
  Life life;
  const test::TestAuthority trusted(life.dir.path().native());
  HttpPeer right([](const PeerRequest&) { return PeerReply{}; }, trusted.issue("localhost"));
  HttpPeer wrong([](const PeerRequest&) { return PeerReply{}; }, trusted.issue("other.example"));
  config::AlertReceiver with_authority = webhook(right.url());
  with_authority.ca_file = trusted.ca_file();
  config::AlertReceiver other_name = webhook(wrong.url());
  other_name.ca_file = trusted.ca_file();
  life.begin(
      {{"right", with_authority}, {"name", other_name}, {"authority", webhook(right.url())}});
  for (const char* receiver : {"right", "name", "authority"})
    life.delivery->send(to(receiver, samples::notification(receiver, 1)));
  CHECK(life.wait_outcome("right-1", kDelivered));
  CHECK(test::wait_until([&] { return life.lines_with("its certificate is not valid") == 2; }));
  CHECK(wrong.seen().empty());
  CHECK(right.seen().size() == 1);
}

TEST_CASE("a message goes by the proxy that is set") {
  HttpPeer proxy([](const PeerRequest&) { return PeerReply{}; });
  Life life;
  life.environment["HTTP_PROXY"] = "http://me:pass@127.0.0.1:" + std::to_string(proxy.port());
  config::AlertReceiver by_environment = webhook("http://alerts.example.org/in");
  config::AlertReceiver by_setting = webhook("http://alerts.example.org/other");
  by_setting.proxy = "http://127.0.0.1:" + std::to_string(proxy.port());
  life.begin({{"a", by_environment}, {"b", by_setting}});
  life.delivery->send(to("a", samples::notification("A", 1)));
  REQUIRE(life.wait_outcome("A-1", kDelivered));
  life.delivery->send(to("b", samples::notification("B", 1)));
  REQUIRE(life.wait_outcome("B-1", kDelivered));
  auto seen = proxy.seen();
  CHECK(seen[0].target == "http://alerts.example.org:80/in");
  CHECK(seen[0].headers["proxy-authorization"] == "Basic bWU6cGFzcw==");
  CHECK(seen[1].target == "http://alerts.example.org:80/other");
  CHECK(seen[1].headers.count("proxy-authorization") == 0);
}

TEST_CASE("secrets are read from their files for each message") {
  HttpPeer peer([](const PeerRequest&) { return PeerReply{}; });
  Life life;
  config::AlertReceiver receiver = webhook("");
  receiver.url_file = life.dir / "url";
  receiver.authorization_file = life.dir / "auth";
  std::ofstream(receiver.url_file) << peer.url("/one") << "\n";
  std::ofstream(receiver.authorization_file) << "Bearer one\n";
  life.begin({{"ops", receiver}});
  life.delivery->send(samples::notification("A", 1));
  REQUIRE(life.wait_outcome("A-1", kDelivered));
  std::ofstream(receiver.url_file) << peer.url("/two") << "\n";
  std::ofstream(receiver.authorization_file) << "Bearer two\n";
  life.delivery->send(samples::notification("B", 1));
  REQUIRE(life.wait_outcome("B-1", kDelivered));
  auto seen = peer.seen();
  CHECK(seen[0].target == "/one");
  CHECK(seen[0].headers["authorization"] == "Bearer one");
  CHECK(seen[1].target == "/two");
  CHECK(seen[1].headers["authorization"] == "Bearer two");
}

TEST_CASE("a command gets the webhook's JSON, without the supervisor's secrets") {
  Life life;
  config::AlertReceiver receiver;
  receiver.type = "command";
  const std::string file = (life.dir / "got").native();
  receiver.command = {"sh", "-c",
                      "{ cat; env; } > '" + file + ".new'; mv '" + file + ".new' '" + file + "'"};
  life.begin({{"ops", receiver}});
  life.delivery->send(samples::crash());
  REQUIRE(life.wait_outcome("HoldfastWorkerCrashed-1", kDelivered));
  std::ifstream in(file);
  std::string line;
  std::getline(in, line);
  CHECK(line.starts_with(R"({"version":"4","groupKey":"holdfast:)"));
  while (std::getline(in, line))
    CHECK(line.find("sesame") == std::string::npos);
}

TEST_CASE("a test goes past the queue, and reports what was sent and answered") {
  HttpPeer good([](const PeerRequest&) { return PeerReply{.body = "thanks"}; });
  HttpPeer bad([](const PeerRequest&) { return PeerReply{.status = 404, .body = "no_service"}; });
  Life life;
  life.begin({{"good", webhook(good.url("/in/5f9d2c"))}, {"bad", webhook(bad.url())}});
  const auto reports = life.delivery->test(std::nullopt);
  REQUIRE(reports.size() == 2);
  CHECK_FALSE(reports[0].ok);
  CHECK(reports[0].answered == "HTTP 404 Not Found: no_service");
  CHECK(reports[1].ok);
  CHECK(reports[1].answered == "HTTP 200 OK: thanks");
  CHECK(reports[1].sent.find("HoldfastTest") != std::string::npos);
  CHECK(reports[1].sent.find("5f9d2c") == std::string::npos);
  CHECK(life.delivery->test("good").size() == 1);
  CHECK(life.delivery->test("none").empty());
  CHECK(life.outcomes.empty());
}

TEST_CASE("who hears of what: severity, rules, programs, resolved") {
  config::AlertReceiver receiver;
  Alert alert = samples::alert("HoldfastWorkerCrashed");
  CHECK(wants(receiver, alert));
  receiver.min_severity = "critical";
  CHECK(wants(receiver, alert));
  alert.severity = Severity::Warning;
  CHECK_FALSE(wants(receiver, alert));
  receiver.min_severity = "warning";
  CHECK(wants(receiver, alert));
  receiver.rules = {"HoldfastWorker*"};
  CHECK(wants(receiver, alert));
  receiver.rules = {"HoldfastNotReady"};
  CHECK_FALSE(wants(receiver, alert));
  receiver.rules.clear();
  receiver.programs = {"queue-*", "api-worker"};
  CHECK(wants(receiver, alert));
  alert.program = "web";
  CHECK_FALSE(wants(receiver, alert));
  receiver.programs.clear();
  alert.status = AlertStatus::Resolved;
  CHECK(wants(receiver, alert));
  receiver.send_resolved = false;
  CHECK_FALSE(wants(receiver, alert));
  CHECK_FALSE(groups_itself(receiver));
  receiver.type = "alertmanager";
  CHECK(groups_itself(receiver));
}

TEST_CASE("the dead-man's switch asks while the supervisor is alive, and tells of no answer once") {
  std::atomic<bool> alive{true};
  std::atomic<int> status{200};
  HttpPeer peer([&](const PeerRequest&) { return PeerReply{.status = status}; });
  Life life;
  config::AlertPing settings;
  settings.url = peer.url("/ping");
  settings.interval = 10ms;
  DeadManPing ping(settings, life.transport, life.log, [&] { return alive.load(); });
  REQUIRE(peer.wait_seen(2));
  CHECK(peer.seen()[0].method == "GET");
  CHECK(peer.seen()[0].target == "/ping");
  status = 500;
  CHECK(test::wait_until([&] { return life.lines_with("not answered: HTTP 500") == 1; }));
  CHECK(peer.wait_seen(peer.seen().size() + 3));
  CHECK(life.lines_with("not answered") == 1);
  status = 200;
  CHECK(test::wait_until([&] { return life.lines_with("answered again") == 1; }));
  ping.configure({});
  ping.stop();
}

TEST_CASE("metrics: one series for each receiver and reason") {
  NotificationMetrics metrics;
  metrics.receiver = "ops";
  metrics.delivered = 3;
  metrics.failed = {{"server", 2}};
  metrics.latency[0] = 1;
  metrics.latency.back() = 2;
  const auto families = notification_families({metrics});
  REQUIRE(families.size() == 6);
  const auto& histogram =
      std::get<holdfast::metrics::HistogramValue>(families[5].samples.at(0).value);
  CHECK(histogram.count == 3);
  CHECK(histogram.buckets.front().cumulative_count == 1);
  CHECK(histogram.buckets.back().cumulative_count == 1);
  // A receiver that never took anything has no time of it.
  CHECK(families[4].samples.empty());
}
