// SPDX-License-Identifier: Apache-2.0
#include "common/base/id.hpp"
#include "tests/support/temp_dir.hpp"
#include "tests/unit/config/support.hpp"

#include <filesystem>
#include <fstream>

namespace holdfast::config {

namespace {

class SecretFile {
 public:
  explicit SecretFile(std::string_view content)
      : path_(std::filesystem::temp_directory_path() / ("holdfast-" + make_uuid())) {
    std::ofstream(path_) << content;
  }
  ~SecretFile() { std::filesystem::remove(path_); }
  std::string path() const { return path_.native(); }

 private:
  std::filesystem::path path_;
};

}  // namespace

TEST_CASE("variables go over the file") {
  const Config config = load_good(R"(
environment = "development"
[supervisor]
state_dir = "/file"
runtime_dir = "/file"
status_listen = "127.0.0.1:1"
[listen.http]
address = "127.0.0.1:2"
[log]
level = "error"
format = "pretty"
[store]
url = "sqlite:///file"
)",
                                  {{"HOLDFAST_ENV", "production"},
                                   {"HOLDFAST_STATE_DIR", "/env/state"},
                                   {"HOLDFAST_RUNTIME_DIR", "/env/run"},
                                   {"STATUS_LISTEN", "127.0.0.1:9"},
                                   {"PORT", "8080"},
                                   {"LOG_LEVEL", "DEBUG"},
                                   {"LOG_FORMAT", "json"},
                                   {"DATABASE_URL", "postgresql://db/x"},
                                   {"UNRELATED", "x"}})
                            .config;
  CHECK(config.environment == Environment::Production);
  CHECK(config.supervisor.state_dir == "/env/state");
  CHECK(config.supervisor.runtime_dir == "/env/run");
  CHECK(config.supervisor.status_listen == "127.0.0.1:9");
  CHECK(config.listen.at("http").address == "127.0.0.1:8080");
  CHECK(config.log.level == log::Level::Debug);
  CHECK(config.log.format == log::Format::Json);
  CHECK(config.store.url == "postgresql://db/x");
}

TEST_CASE("an empty variable counts as unset") {
  CHECK(load_good(
            "", {{"PORT", ""}, {"LOG_LEVEL", ""}, {"DATABASE_URL", ""}, {"DATABASE_URL_FILE", ""}})
            .config == load_good("").config);
}

TEST_CASE("PORT changes the port and keeps the host") {
  const auto address = [](const std::string& file, const std::string& port) {
    return load_good(file, {{"PORT", port}}).config.listen.at("http").address;
  };
  CHECK(address("", "80") == "0.0.0.0:80");
  CHECK(address("[listen.http]\naddress = \"[::1]:3000\"", "80") == "[::1]:80");
  CHECK(address("[listen.http]\naddress = \"localhost:3000\"", "0") == "127.0.0.1:0");
}

TEST_CASE("PORT without an http listener to change is a warning") {
  const Loaded loaded = load_good(
      "[listen.web]\naddress = \"127.0.0.1:1\"\n"
      "[program.x]\ncommand = [\"x\"]\nsockets = [\"web\"]",
      {{"PORT", "80"}});
  CHECK(loaded.config.listen.at("web").address == "127.0.0.1:1");
  CHECK(loaded.warnings ==
        std::vector<std::string>{"environment: PORT: has no effect without a [listen.http]"});
}

TEST_CASE("a bad variable is a problem of the environment, by name") {
  const auto [environ, expected] = GENERATE(table<Environ, std::string>({
      {{{"PORT", "65536"}}, "environment: PORT: '65536' is not a port from 0 to 65535"},
      {{{"PORT", "80x"}}, "environment: PORT: '80x' is not a port from 0 to 65535"},
      {{{"LOG_LEVEL", "loud"}}, "environment: LOG_LEVEL: 'loud' is not one of \"trace\", "},
      {{{"LOG_FORMAT", "xml"}},
       "environment: LOG_FORMAT: 'xml' is not one of \"json\", \"pretty\""},
      {{{"HOLDFAST_ENV", "prod"}},
       "environment: HOLDFAST_ENV: 'prod' is not one of \"production\""},
      {{{"STATUS_LISTEN", "9900"}}, "environment: STATUS_LISTEN: '9900' is not an address"},
      {{{"HOLDFAST_STATE_DIR", "rel"}}, "environment: HOLDFAST_STATE_DIR: 'rel' must be an abs"},
      {{{"DATABASE_URL", "mysql://u:pw@h/d"}}, "environment: DATABASE_URL: 'mysql://u:***@h/d'"},
      {{{"DATABASE_URL_FILE", "/nonexistent/secret"}},
       "environment: DATABASE_URL_FILE: open '/nonexistent/secret': No such file"},
      {{{"DATABASE_URL", "sqlite:///a"}, {"DATABASE_URL_FILE", "/nonexistent/secret"}},
       "environment: DATABASE_URL: is set together with DATABASE_URL_FILE; set one of them"},
      {{{"DATABASE_URL", "postgresql://u:p\xFF@h/d"}},
       "environment: DATABASE_URL: is not UTF-8 at byte 16; in a URL such a byte is written as %"},
      {{{"CORS_ORIGINS", "https://\xE9"}}, "environment: CORS_ORIGINS: is not UTF-8 at byte 8"},
  }));
  const std::string text = load_bad("", environ);
  INFO(text);
  CHECK(count_lines(text) == 1);
  CHECK(text.starts_with(expected));
}

TEST_CASE("a contradiction that a variable causes names the variable") {
  CHECK(load_bad("", {{"STATUS_LISTEN", "0.0.0.0:3000"}})
            .starts_with("environment: STATUS_LISTEN: "));
  CHECK(load_bad("[listen.http]\naddress = \"unix:/run/x\"", {{"PORT", "1"}}) ==
        "environment: PORT: is set, but [listen.http] listens on 'unix:/run/x'");
  CHECK(load_bad("", {{"HOLDFAST_RUNTIME_DIR", "/" + std::string(100, 'r')}})
            .starts_with("environment: HOLDFAST_RUNTIME_DIR: "));
}

TEST_CASE("a secret comes from the file that its _FILE variable names") {
  const SecretFile secret("postgresql://u:p%40ss@db/x\r\n\n");
  const Config config = load_good("", {{"DATABASE_URL_FILE", secret.path()}}).config;
  CHECK(config.store.url == "postgresql://u:p%40ss@db/x");
}

TEST_CASE("a byte order mark before a secret in a file is no part of it") {
  const SecretFile secret("\xEF\xBB\xBFpostgresql://db/x\r\n");
  CHECK(load_good("", {{"DATABASE_URL_FILE", secret.path()}}).config.store.url ==
        "postgresql://db/x");
  const SecretFile nothing("\xEF\xBB\xBF\n");
  CHECK(load_bad("", {{"DATABASE_URL_FILE", nothing.path()}}) ==
        "environment: DATABASE_URL_FILE: '" + nothing.path() + "' is empty");
}

TEST_CASE("an empty secret file is a problem") {
  const SecretFile secret("\n");
  CHECK(load_bad("", {{"DATABASE_URL_FILE", secret.path()}}) ==
        "environment: DATABASE_URL_FILE: '" + secret.path() + "' is empty");
}

TEST_CASE("a bad secret from a file is not printed") {
  const SecretFile secret("mysql://u:hunter2@h/d");
  const std::string text = load_bad("", {{"DATABASE_URL_FILE", secret.path()}});
  CHECK(text.starts_with("environment: DATABASE_URL_FILE: "));
  CHECK(text.find("hunter2") == std::string::npos);
}

TEST_CASE("only secrets have a _FILE form") {
  CHECK(load_good("", {{"LOG_LEVEL_FILE", "/nonexistent"}}).config == load_good("").config);
}

TEST_CASE("the default file is looked for each time: one that appears later is found by a reload") {
  const test::TempDir dir;
  const std::filesystem::path standard = dir / "holdfast.toml";
  CHECK_FALSE(find_file({}, {}, standard));
  std::ofstream(standard) << "";
  CHECK(find_file({}, {}, standard) == standard);
  CHECK(find_file({}, {{"HOLDFAST_CONFIG", ""}}, standard) == standard);
  CHECK(find_file({}, {{"HOLDFAST_CONFIG", "/a"}}, standard) == "/a");
  CHECK(find_file("/b", {{"HOLDFAST_CONFIG", "/a"}}, standard) == "/b");
}

}  // namespace holdfast::config
