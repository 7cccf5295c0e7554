// SPDX-License-Identifier: Apache-2.0
// examples/node-stack, python-stack and php-site as they are shipped, but for their ports.
#include "tests/integration/examples/copied_example.hpp"
#include "tests/support/catch.hpp"

#include <nlohmann/json.hpp>

#include <csignal>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace {

// Installs the packages of the example's lock file, once.
std::string installed_packages() {
  static const TempDir directory;
  static const Finished installed = [] {
    for (const char* name : {"package.json", "package-lock.json"}) {
      std::filesystem::copy(std::filesystem::path(EXAMPLES) / "node-stack" / name,
                            directory / name);
    }
    return run_program({"/usr/bin/env", "npm", "ci", "--prefix", directory.path().string(),
                        "--ignore-scripts", "--no-audit", "--no-fund"});
  }();
  INFO(installed.output);
  REQUIRE(installed.ended.shell_status() == 0);
  return (directory / "node_modules").string();
}

std::string id_of(const std::string& answer) {
  INFO(answer);
  const json parsed = json::parse(answer, nullptr, false);
  REQUIRE(parsed.is_object());
  return parsed.value("id", "");
}

// Where the first line that contains all of these words begins; npos if there is none.
std::size_t line_with(const std::string& text, const std::vector<std::string>& words) {
  std::size_t begin = 0;
  while (begin < text.size()) {
    const std::size_t end = std::min(text.find('\n', begin), text.size());
    const std::string line = text.substr(begin, end - begin);
    bool all = true;
    for (const std::string& word : words)
      all = all && line.find(word) != std::string::npos;
    if (all) return begin;
    begin = end + 1;
  }
  return std::string::npos;
}

std::string php_fpm() {
  for (const auto& entry : std::filesystem::directory_iterator("/usr/sbin")) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with("php-fpm")) return name;
  }
  return "php-fpm";
}

}  // namespace

TEST_CASE("Express and BullMQ: an order goes through API, queue and worker under one request id") {
  CopiedExample shop("node-stack", {"3001", "6390"}, {{"NODE_PATH", installed_packages()}});
  const std::string id =
      id_of(shop.post_json("3001", "/orders", R"({"item":"kettle"})", "order-of-a-kettle"));
  REQUIRE(wait_until([&] {
    return shop.get("3001", "/orders/" + id).find(R"("packed":"kettle")") != std::string::npos;
  }));
  CHECK(wait_until(
      [&] { return Stack::sum_of(shop->metrics(), "shop_jobs_total", R"(outcome="done")") == 1; }));
  CHECK(Stack::sum_of(shop->metrics(), "http_requests_total", R"(status="202")") == 1);
  CHECK(wait_until([&] {
    const std::string lines =
        shop->command({"logs", "--request-id", "order-of-a-kettle", "-n", "100"}).output;
    return line_with(lines, {"api.", "request completed"}) != std::string::npos &&
           line_with(lines, {"worker.", "packed"}) != std::string::npos;
  }));
}

TEST_CASE("Express and BullMQ: every program is restarted, and a bad version leaves the old one") {
  CopiedExample shop("node-stack", {"3001", "6390"}, {{"NODE_PATH", installed_packages()}});
  SteadyClient client(shop.url("3001", "/ready"));
  CHECK(client.goes_on());
  for (const char* program : {"api", "worker"}) {
    const auto answer = shop->command({"restart", program});
    INFO(answer.output);
    CHECK(answer.exit_code == 0);
    CHECK(client.goes_on());
  }
  client.stop();
  CHECK(client.failed() == 0);
  // While it is tried, the bad version answers for itself on the socket that both share.
  shop.edit("api.js", "=== 'PONG' ? 200", "=== 'PONG' ? 503");
  CHECK(shop->command({"restart", "api"}).exit_code == 1);
  SteadyClient later(shop.url("3001", "/ready"));
  CHECK(later.goes_on());
  later.stop();
  CHECK(later.failed() == 0);
  const auto answer = shop->command({"restart", "redis"});  // has its port for itself
  INFO(answer.output);
  CHECK(answer.exit_code == 0);
}

TEST_CASE("Express and BullMQ: the API stops first, the worker finishes its job, then Redis") {
  CopiedExample shop("node-stack", {"3001", "6390"},
                     {{"NODE_PATH", installed_packages()}, {"PACKING_MS", "1000"}});
  id_of(shop.post_json("3001", "/orders", R"({"item":"kettle"})"));
  REQUIRE(wait_until([&] {
    return line_with(shop->supervisor().output(), {"packing kettle"}) != std::string::npos;
  }));
  shop->supervisor().signal(SIGTERM);
  CHECK(shop->supervisor().wait().value == 0);
  const std::string log = shop->supervisor().output();
  INFO(log);
  const std::size_t api = line_with(log, {"\"stopped\"", "api.1"});
  const std::size_t packed = line_with(log, {"\"packed\""});
  const std::size_t worker = line_with(log, {"\"stopped\"", "worker.0"});
  const std::size_t redis = line_with(log, {"ready to exit"});
  REQUIRE(std::max({api, packed, worker, redis}) != std::string::npos);
  CHECK(api < worker);
  CHECK(packed < std::max(worker, line_with(log, {"\"stopped\"", "worker.1"})));
  CHECK(worker < redis);
}

TEST_CASE("gunicorn and Celery: an order is packed, and restarts lose neither requests nor tasks") {
  CopiedExample shop("python-stack", {"8000", "8001", "6391"}, {{"PACKING_SECONDS", "0.5"}});
  const auto packed = [&](const std::string& id) {
    return shop.get("8000", "/orders/" + id).find("packed kettle") != std::string::npos;
  };
  SteadyClient site(shop.url("8000", "/health"));
  SteadyClient live(shop.url("8001", "/ready"));
  const std::string id = id_of(shop.post_json("8000", "/orders", R"({"item":"kettle"})"));
  const auto answer = shop->command({"restart", "celery"});
  INFO(answer.output);
  CHECK(answer.exit_code == 0);
  // See visibility_timeout in tasks.py.
  CHECK(wait_until([&] { return packed(id); }, std::chrono::seconds(90)));

  CHECK(shop->command({"restart", "web", "live"}).exit_code == 0);
  shop.edit("app.py", "from flask", "from nowhere");
  CHECK(shop->command({"restart", "web"}).exit_code == 1);
  CHECK(site.goes_on());
  CHECK(live.goes_on());
  site.stop();
  live.stop();
  CHECK(site.failed() == 0);
  // Each of the two uvicorns may close a connection that it has just accepted, without an answer.
  CHECK(live.failed() <= 2);
  CHECK(packed(id_of(shop.post_json("8000", "/orders", R"({"item":"kettle"})"))) == false);

  shop->supervisor().signal(SIGTERM);  // that task is under way
  CHECK(shop->supervisor().wait().value == 0);
  const std::string log = shop->supervisor().output();
  CHECK(line_with(log, {"celery.0", "succeeded"}) != std::string::npos);
}

TEST_CASE("PHP-FPM behind nginx: children that have nothing to do wait, and do not exit") {
  CopiedExample site("php-site", {"8080", "9000"}, {{"PHP_FPM", php_fpm()}});
  CHECK_FALSE(wait_until(
      [&] {
        return line_with(site->supervisor().output(), {"php.0", "exited with code"}) !=
               std::string::npos;
      },
      std::chrono::seconds(3)));
}

TEST_CASE(
    "PHP-FPM behind nginx: restarts lose no request, and a bad php-fpm.conf changes nothing") {
  CopiedExample site("php-site", {"8080", "9000"}, {{"PHP_FPM", php_fpm()}});
  CHECK(site.get("8080", "/").starts_with("hello from PHP"));
  SteadyClient client(site.url("8080", "/?ms=20"));
  for (const char* program : {"php", "nginx"}) {
    const auto answer = site->command({"restart", program});
    INFO(answer.output);
    CHECK(answer.exit_code == 0);
    CHECK(client.goes_on());
  }
  site.edit("php-fpm.conf", "pm = static", "pm = nonsense");
  CHECK(site->command({"restart", "php"}).exit_code == 1);
  CHECK(client.goes_on());
  client.stop();
  CHECK(client.failed() == 0);
  site->supervisor().signal(SIGTERM);
  CHECK(site->supervisor().wait().value == 0);
}
