// SPDX-License-Identifier: Apache-2.0
// `holdfast api-key` beside a running stack: made, used, listed, revoked.
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"

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
