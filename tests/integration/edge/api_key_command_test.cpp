// SPDX-License-Identifier: Apache-2.0
// `holdfast api-key` beside a running stack: made, used, listed, revoked.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"

#include <csignal>

using namespace holdfast;
using namespace holdfast::test;

namespace {

std::string last_line(const std::string& text) {
  const auto end = text.find_last_not_of('\n');
  const auto begin = text.rfind('\n', end);
  return text.substr(begin == std::string::npos ? 0 : begin + 1,
                     end - (begin == std::string::npos ? 0 : begin));
}

int status_with(Stack& stack, const std::string& key) {
  http::Headers headers;
  headers.set("Authorization", "Bearer " + key);
  return http::fetch("GET", stack.api() + "/api/documents", headers, "")->status;
}

// The last line of what `create` says is the key; the order of the two streams is not fixed.
std::string create(Stack& stack, const std::vector<std::string>& more) {
  std::vector<std::string> arguments{"api-key", "create"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  const auto made = stack.command(arguments);
  REQUIRE(made.exit_code == 0);
  const auto at = made.output.find("hf_");
  REQUIRE(at != std::string::npos);
  return made.output.substr(at, 80);
}

}  // namespace

TEST_CASE("a key is created, opens the API, is listed without its secret, and is revoked at once") {
  Stack stack(default_stack("[auth]\nrequired = true\nlast_used_interval = \"1s\"\n"));
  stack.wait_ready();
  CHECK(stack.get("/api/documents").status == 401);
  CHECK(stack.get("/health").status == 200);

  const std::string key = create(stack, {"ci pipeline", "--scope", "write", "--rate-limit", "50"});
  CHECK(status_with(stack, key) == 200);
  const auto id = key.substr(3, 12);
  REQUIRE(wait_until([&] {
    const auto keys = nlohmann::json::parse(stack.command({"api-key", "list", "--json"}).output);
    return keys.at(0)["last_used_at"].is_string();
  }));
  const auto listed = stack.command({"api-key", "list"});
  CHECK(listed.exit_code == 0);
  for (const std::string& part : {id, std::string("ci pipeline"), std::string("write"),
                                  std::string("50"), std::string("active")}) {
    INFO(part);
    CHECK(listed.output.find(part) != std::string::npos);
  }
  CHECK(listed.output.find(key.substr(16)) == std::string::npos);

  REQUIRE(stack.command({"api-key", "revoke", id}).exit_code == 0);
  for (int i = 0; i < 10; ++i)
    CHECK(status_with(stack, key) == 401);
  CHECK(last_line(stack.command({"api-key", "list"}).output).find("revoked") != std::string::npos);
  CHECK(stack.supervisor().output().find(key) == std::string::npos);
}

TEST_CASE("commands that cannot be carried out say why and exit with the right code") {
  Stack stack(default_stack());
  stack.wait_ready();
  const auto gone = stack.command({"api-key", "revoke", "0123456789ab"});
  CHECK(gone.exit_code == 1);
  CHECK(gone.output.find("there is no API key '0123456789ab'") != std::string::npos);
  CHECK(stack.command({"api-key"}).exit_code == 2);
  CHECK(stack.command({"api-key", "create"}).exit_code == 2);
  CHECK(stack.command({"api-key", "create", "x", "--scope", "root"}).exit_code == 2);
  CHECK(stack.command({"api-key", "create", "x", "--rate-limit", "0"}).exit_code == 2);
  CHECK(stack.command({"api-key", "create", "two\nlines"}).exit_code == 2);
  CHECK(stack.command({"api-key", "list", "--json"}).output == "[]\n");
}

TEST_CASE("a key is rotated without a gap, and the old one ends with its overlap") {
  Stack stack(default_stack("[auth]\nrequired = true\n"));
  stack.wait_ready();
  const std::string old =
      create(stack, {"ci", "--scope", "write", "--rate-limit", "50", "--expires", "90d"});
  const auto rotate = [&](const std::vector<std::string>& more) {
    std::vector<std::string> arguments{"api-key", "rotate", old.substr(3, 12)};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return stack.command(arguments);
  };
  const auto rotated = rotate({"--overlap", "1h"});
  REQUIRE(rotated.exit_code == 0);
  const std::string next = rotated.output.substr(rotated.output.find("hf_"), 80);
  CHECK(status_with(stack, old) == 200);
  CHECK(status_with(stack, next) == 200);
  auto keys = nlohmann::json::parse(stack.command({"api-key", "list", "--json"}).output);
  REQUIRE(keys.size() == 2);
  for (const auto& key : keys) {
    CHECK(key["name"] == "ci");
    CHECK(key["scope"] == "write");
    CHECK(key["rate_limit"] == 50);
    CHECK(key["state"] == "active");
    CHECK(key["expires_at"].is_string());
  }

  REQUIRE(rotate({"--overlap", "0s"}).exit_code == 0);
  CHECK(status_with(stack, old) == 401);
  CHECK(status_with(stack, next) == 200);
  CHECK(wait_until([&] {
    const std::string log = stack.supervisor().output();
    return log.find("\"api_key_refused\":\"expired\"") != std::string::npos;
  }));
  CHECK(stack.command({"api-key", "list"}).output.find("expired") != std::string::npos);
  const auto too_late = rotate({});
  CHECK(too_late.exit_code == 1);
  CHECK(too_late.output.find("has expired") != std::string::npos);
}

TEST_CASE("a key that expires soon shows in the metrics, and when it is used in the log") {
  Stack stack(default_stack("[auth]\nexpiry_warning = \"1d\"\n"));
  stack.wait_ready();
  const std::string soon = create(stack, {"soon", "--expires", "2h"});
  create(stack, {"later", "--expires", "2099-12-31"});
  create(stack, {"never"});
  CHECK(wait_until([&] { return Stack::sum_of(stack.metrics(), "api_keys_expiring") == 1; }));
  CHECK(Stack::sum_of(stack.metrics(), "api_key_next_expiry_timestamp_seconds") > 0);
  CHECK(status_with(stack, soon) == 200);
  CHECK(wait_until(
      [&] { return stack.supervisor().output().find("expires soon") != std::string::npos; }));
}

TEST_CASE("a key may expire as late as a date can be written") {
  Stack stack(default_stack("[auth]\nrequired = true\n"));
  stack.wait_ready();
  for (const auto& [expires, stored] :
       {std::pair("9999-12-31", "9999-12-31T00:00:00.000Z"),
        std::pair("9999-12-31T23:59:59Z", "9999-12-31T23:59:59.000Z"),
        std::pair("2615-01-01", "2615-01-01T00:00:00.000Z"),
        std::pair("2262-04-12", "2262-04-12T00:00:00.000Z")}) {
    INFO(expires);
    const std::string key = create(stack, {expires, "--expires", expires});
    CHECK(status_with(stack, key) == 200);
    const auto keys = nlohmann::json::parse(stack.command({"api-key", "list", "--json"}).output);
    const auto made = std::find_if(keys.begin(), keys.end(), [expires = expires](const auto& one) {
      return one["name"] == expires;
    });
    REQUIRE(made != keys.end());
    CHECK((*made)["expires_at"] == stored);
    CHECK((*made)["state"] == "active");
  }
}

TEST_CASE("an expiry that is none, or past, is a usage error") {
  Stack stack(default_stack());
  stack.wait_ready();
  for (const char* expires :
       {"tomorrow", "2020-01-01", "2027-02-30", "2027-13-01", "0s", "-1d", "2099-12-31T12:00",
        "2099-12-31T12:00:00+02:00", "2099-12-31x", "10000-01-01"}) {
    INFO(expires);
    const auto refused = stack.command({"api-key", "create", "x", "--expires", expires});
    CHECK(refused.exit_code == 2);
  }
  CHECK(stack.command({"api-key", "rotate", "0123456789ab"}).exit_code == 1);
  CHECK(stack.command({"api-key", "rotate", "0123456789ab", "--overlap", "long"}).exit_code == 2);
  CHECK(stack.command({"api-key", "list", "--json"}).output == "[]\n");
}

TEST_CASE("a command does not open another store than that of the stack that runs here") {
  TempDir elsewhere;
  Stack stack(default_stack(""),
              {{"DATABASE_URL", "sqlite://" + (elsewhere / "docs.db").native()}});
  stack.wait_ready();

  // A shell that has the configuration file, but not the variable that the stack was given.
  std::map<std::string, std::string> shell = stack.environment();
  shell.erase("DATABASE_URL");
  const auto run = [&](const char* program, const std::vector<std::string>& arguments) {
    std::vector<std::string> argv{bin_dir() / program};
    argv.insert(argv.end(), arguments.begin(), arguments.end());
    Process process(argv, shell, stack.file("shell.log"));
    const int exit_code = process.wait(std::chrono::seconds(60)).value;
    return std::make_pair(exit_code, process.output());
  };
  for (const auto& [exit_code, output] :
       {run("holdfast", {"api-key", "create", "x"}), run("holdfast-queue-worker", {"migrate"}),
        run("holdfast-queue-worker", {"jobs", "pause"})}) {
    INFO(output);
    CHECK(exit_code == 78);
    CHECK(output.find("sqlite " + (elsewhere / "docs.db").native()) != std::string::npos);
    CHECK(output.find("DATABASE_URL_FILE") != std::string::npos);
  }
  CHECK_FALSE(std::filesystem::exists(stack.file("state") / "holdfast.db"));

  // Told which store, it does as it is told; so it does for a stack that does not run.
  shell["DATABASE_URL"] = "sqlite://" + (elsewhere / "docs.db").native();
  const auto told = run("holdfast", {"api-key", "create", "x"});
  CHECK(told.first == 0);
  CHECK(told.second.find("warning") == std::string::npos);
  // A variable that was left over in the shell may be meant.
  shell["DATABASE_URL"] = "sqlite://" + (elsewhere / "other.db").native();
  for (const auto& [exit_code, output] :
       {run("holdfast-queue-worker", {"migrate"}), run("holdfast", {"api-key", "create", "x"})}) {
    INFO(output);
    CHECK(exit_code == 0);
    CHECK(output.find("warning: the stack that runs here") != std::string::npos);
  }
  shell.erase("DATABASE_URL");
  stack.supervisor().signal(SIGTERM);
  REQUIRE(stack.supervisor().wait(std::chrono::seconds(60)).value == 0);
  CHECK(run("holdfast-queue-worker", {"migrate"}).first == 0);
}
