// SPDX-License-Identifier: Apache-2.0
// [alert_receiver.NAME], [alert_ping] and ALERT_WEBHOOK_URL.
#include "common/config/diff.hpp"
#include "common/config/handover.hpp"
#include "common/config/receiver_types.hpp"
#include "common/config/show.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/config/support.hpp"

#include <fstream>

namespace holdfast::config {

namespace {

const char* const kSlack = "https://hooks.slack.com/services/T000/B000/XXXXXXXX";

AlertReceiver receiver_of(const std::string& text, const Environ& variables = {}) {
  const Config config = load_good("[alert_receiver.ops]\n" + text, variables).config;
  return config.alert_receivers.at("ops");
}

std::string problems_of(const std::string& text) {
  return load_bad("[alert_receiver.ops]\n" + text);
}

std::string receiver_warnings(const std::string& text, const Environ& variables = {}) {
  std::string all;
  for (const std::string& warning : load_good("[alert_receiver.ops]\n" + text, variables).warnings)
    all += warning + "\n";
  return all;
}

bool contains(const std::string& text, const std::string& part) {
  INFO(text);
  CHECK(text.find(part) != std::string::npos);
  return text.find(part) != std::string::npos;
}

}  // namespace

TEST_CASE("the host of a receiver's URL tells its type, unless the file does") {
  CHECK(receiver_type_of(kSlack) == "slack");
  CHECK(receiver_type_of("https://discord.com/api/webhooks/1/x") == "discord");
  CHECK(receiver_type_of("https://ptb.discord.com/api/webhooks/1/x") == "discord");
  CHECK(receiver_type_of("https://discordapp.com/api/webhooks/1/x") == "discord");
  CHECK(receiver_type_of("https://notdiscord.com/api/webhooks/1/x") == "webhook");
  CHECK(receiver_type_of("https://hooks.slack.com.evil.example/x") == "webhook");
  CHECK(receiver_of("url = \"${U}\"", {{"U", kSlack}}).type == "slack");
  CHECK(receiver_of("url = \"http://127.0.0.1:9093\"\ntype = \"alertmanager\"").type ==
        "alertmanager");
  CHECK(receiver_of("command = [\"/bin/true\"]").type == "command");
}

TEST_CASE("a receiver lacks nothing that its type needs, and the message says what and where") {
  contains(problems_of("send_resolved = true\n"),
           "holdfast.toml:1:17: [alert_receiver.ops] type is missing: one of \"slack\", ");
  contains(problems_of("type = \"slakc\"\n"), "holdfast.toml:2:8");
  contains(problems_of("type = \"slakc\"\n"), "did you mean 'slack'?");
  contains(problems_of("type = \"slack\"\n"), "a receiver of type \"slack\" needs a url");
  contains(problems_of("type = \"command\"\n"), "needs a command");
  contains(problems_of("url = \"ftp://x/\"\n"), "holdfast.toml:2:7: [alert_receiver.ops] url: ");
  contains(problems_of("type = \"webhook\"\nurl_file = \"/nonexistent/url\"\n"),
           "url_file: open '/nonexistent/url'");
  contains(problems_of("url = \"http://127.0.0.1/\"\nurl_file = \"/dev/null\"\n"),
           "url_file: 'url' is given as well; keep one of them");
  contains(problems_of("url = \"http://127.0.0.1/\"\nproxy = \"socks5://x:1\"\n"), "proxy: ");
  contains(problems_of("url = \"http://127.0.0.1/\"\nca_file = \"/nonexistent.pem\"\n"),
           "ca_file: there is no file '/nonexistent.pem'");
  contains(problems_of("url = \"http://127.0.0.1/\"\ntimeout = \"2m\"\n"), "timeout: '2m'");
  contains(problems_of("url = \"http://127.0.0.1/\"\nsecret = \"a\\nb\"\n"), "secret: ");
}

TEST_CASE("a user in a receiver's URL is refused once, and the message names authorization") {
  for (const std::string type : {"", "type = \"webhook\"\n"}) {
    const std::string text = problems_of(type + "url = \"http://ann:sesame@host.example/x\"\n");
    contains(text, "url: the URL must not hold a user name or a password");
    contains(text, "the key 'authorization'");
    CHECK(text.find('\n') == std::string::npos);
    CHECK(text.find("sesame") == std::string::npos);
  }
  const holdfast::test::TempDir dir;
  std::ofstream(dir / "url") << "https://ann:sesame@host.example/x\n";
  contains(problems_of("type = \"webhook\"\nurl_file = \"" + (dir / "url").string() + "\"\n"),
           "url_file: the URL must not hold a user name or a password: they are sent by the key ");
  const std::string ping =
      load_bad("[alert_ping]\nurl = \"https://ann:sesame@h/\"\ninterval = \"1m\"\n");
  contains(ping, "url: the URL must not hold a user name or a password");
  CHECK(ping.find("sesame") == std::string::npos);
}

TEST_CASE("routes name programs and alerts that exist") {
  const std::string url = "url = \"http://127.0.0.1/\"\n";
  contains(problems_of(url + "programs = [\"api-wroker\"]\n"),
           "there is no program 'api-wroker'; did you mean 'api-worker'?");
  contains(problems_of(url + "rules = [\"HoldfastWorkerCrashd\"]\n"),
           "did you mean 'HoldfastWorkerCrashed'?");
  contains(receiver_warnings(url + "programs = [\"web-*\"]\n"), "no program matches 'web-*'");
  contains(problems_of(url + "min_severity = \"fatal\"\n"), "'fatal' is not one of");
  CHECK(receiver_warnings(url + "programs = [\"api*\"]\nrules = [\"HoldfastWorker*\"]\n").empty());
}

TEST_CASE("a secret that stands in the file is warned of, one from elsewhere is not") {
  contains(receiver_warnings("url = \"" + std::string(kSlack) + "\"\n"),
           "url: a secret stands in the file");
  CHECK(receiver_warnings("url = \"${U}\"\n", {{"U", kSlack}}).empty());
  contains(receiver_warnings("url = \"http://127.0.0.1/\"\nsecret = \"sesame\"\n"),
           "secret: a secret stands in the file");
  CHECK(receiver_warnings("url = \"http://127.0.0.1/alerts\"\n").empty());
}

TEST_CASE("what has no effect, or goes in the open, is warned of") {
  contains(receiver_warnings("url = \"http://alerts.example.org/x\"\n"), "use https://");
  contains(receiver_warnings("type = \"alertmanager\"\nurl = \"http://127.0.0.1:9093\"\n"
                             "secret = \"${S}\"\n",
                             {{"S", "sesame"}}),
           "type \"alertmanager\" signs nothing");
  contains(receiver_warnings("command = [\"/bin/true\"]\nproxy = \"off\"\n"),
           "proxy: has no effect");
  contains(receiver_warnings("type = \"slack\"\nurl = \"${U}\"\n",
                             {{"U", "https://discord.com/api/webhooks/1/x"}}),
           "did you mean \"discord\"?");
}

TEST_CASE("the URL of a receiver is never shown, whatever it looks like") {
  const Environ variables{{"U", "https://alerts.example.org/in/5f9d2c"}};
  const std::string text =
      "[alert_receiver.ops]\nurl = \"${U}\"\nsecret = \"${S}\"\n"
      "[alert_ping]\nurl = \"https://hc-ping.com/1234-5678\"\n";
  Environ with_secret = variables;
  with_secret["S"] = "sesame-open";
  const Config config = load_good(text, with_secret).config;
  CHECK(config.alert_receivers.at("ops").url == variables.at("U"));
  const std::string shown = show(config);
  INFO(shown);
  CHECK(shown.find("5f9d2c") == std::string::npos);
  CHECK(shown.find("sesame-open") == std::string::npos);
  CHECK(shown.find("1234-5678") == std::string::npos);
  CHECK(shown.find("alerts.example.org") != std::string::npos);
  // Workers have no use for them.
  const auto handed = handover_text(config, "api-worker");
  REQUIRE(handed);
  CHECK(handed->find("5f9d2c") == std::string::npos);
  CHECK(handed->find("1234-5678") == std::string::npos);
}

TEST_CASE("ALERT_WEBHOOK_URL makes a receiver of the type that its host tells") {
  const Config config = load_good("", {{"ALERT_WEBHOOK_URL", kSlack}}).config;
  REQUIRE(config.alert_receivers.size() == 1);
  CHECK(config.alert_receivers.at("default").type == "slack");
  CHECK(load_good("", {{"ALERT_WEBHOOK_URL", kSlack}}).warnings.empty());
  CHECK(load_good("").config.alert_receivers.empty());
  contains(load_bad("", {{"ALERT_WEBHOOK_URL", "no url"}}), "ALERT_WEBHOOK_URL: ");
}

TEST_CASE("ALERT_WEBHOOK_URL_FILE is the same from a file") {
  const test::TempDir dir;
  const auto file = dir / "url";
  std::ofstream(file) << "https://discord.com/api/webhooks/1/x\n";
  const Config config = load_good("", {{"ALERT_WEBHOOK_URL_FILE", file.native()}}).config;
  CHECK(config.alert_receivers.at("default").type == "discord");
  CHECK(config.alert_receivers.at("default").url == "https://discord.com/api/webhooks/1/x");
}

TEST_CASE("a file's URL is checked like any other, without being shown") {
  const test::TempDir dir;
  const auto file = dir / "url";
  std::ofstream(file) << "not-a-url-5f9d2c\n";
  const std::string problem =
      problems_of("type = \"webhook\"\nurl_file = \"" + file.native() + "\"\n");
  contains(problem, "url_file: the URL is not http");
  CHECK(problem.find("5f9d2c") == std::string::npos);
}

TEST_CASE("a ping's interval without a URL has no effect") {
  const auto warnings = load_good("[alert_ping]\ninterval = \"30s\"\n").warnings;
  REQUIRE(warnings.size() == 1);
  contains(warnings[0], "interval: has no effect");
}

TEST_CASE("a reload tells which receivers are new, changed and gone, with their secrets masked") {
  const Config before = load_good(
                            "[alert_receiver.a]\nurl = \"http://127.0.0.1/x\"\n"
                            "[alert_receiver.b]\nurl = \"http://127.0.0.1/y\"\n")
                            .config;
  const Config after = load_good(
                           "[alert_receiver.b]\nurl = \"http://127.0.0.1/zzzzzz\"\n"
                           "[alert_receiver.c]\nurl = \"http://127.0.0.1/w\"\n")
                           .config;
  std::string text;
  for (const SectionDifference& one : compare(before, after)) {
    text += one.section + " " + std::to_string(static_cast<int>(one.kind)) + "\n";
    for (const KeyDifference& key : one.keys)
      text += "  " + key.key + " " + key.before + " -> " + key.after + "\n";
  }
  contains(text, "alert_receiver.a 1");
  contains(text, "alert_receiver.b 2");
  contains(text, "alert_receiver.c 0");
  CHECK(text.find("zzzzzz") == std::string::npos);
}

TEST_CASE("type names and registry: every type is known by its name") {
  for (const ReceiverType& type : receiver_types()) {
    REQUIRE(find_receiver_type(type.name) != nullptr);
    CHECK(std::string(find_receiver_type(type.name)->name) == type.name);
  }
  CHECK(find_receiver_type("pager") == nullptr);
}

}  // namespace holdfast::config
