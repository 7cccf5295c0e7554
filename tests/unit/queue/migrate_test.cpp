// SPDX-License-Identifier: Apache-2.0
#include "queue-worker/migrate.hpp"

#include "common/base/clock.hpp"
#include "common/os/fd.hpp"
#include "common/store/store.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <nlohmann/json.hpp>
#include <sys/mman.h>
#include <sys/stat.h>

#include <fstream>
#include <string>

using namespace holdfast;

namespace {

struct Deployment {
  Deployment() { write_config(""); }
  void write_config(const std::string& more) {
    std::ofstream(dir / "holdfast.toml")
        << "[supervisor]\nstate_dir = \"" << state().string() << "\"\n"
        << more;
  }
  std::filesystem::path state() const { return dir.path() / "var" / "lib" / "holdfast"; }
  int migrate() const {
    return queue::migrate({{"HOLDFAST_CONFIG", (dir / "holdfast.toml").string()}}, log.get());
  }
  int status() const {
    return queue::migrate_status({{"HOLDFAST_CONFIG", (dir / "holdfast.toml").string()}});
  }
  nlohmann::json last_line() const {
    std::string text(1 << 16, '\0');
    text.resize(static_cast<std::size_t>(::pread(log.get(), text.data(), text.size(), 0)));
    const std::size_t end = text.rfind('\n');
    const std::size_t begin = text.rfind('\n', end - 1);
    return nlohmann::json::parse(
        text.substr(begin == std::string::npos ? 0 : begin + 1, end - begin));
  }

  test::TempDir dir;
  Fd log{::memfd_create("log", MFD_CLOEXEC)};
};

}  // namespace

TEST_CASE("a first migration makes the state directory and a store that opens") {
  const Deployment fresh;
  REQUIRE(fresh.migrate() == 0);
  struct stat info {};
  REQUIRE(::stat(fresh.state().c_str(), &info) == 0);
  CHECK((info.st_mode & 0777 & ~0750) == 0);
  CHECK(fresh.last_line().at("from") == 0);
  CHECK(fresh.last_line().at("to").get<int>() >= 1);
  config::Config config;
  config.supervisor.state_dir = fresh.state();
  const SystemClock clock;
  CHECK(store::open_store(store::store_url(config), {}, clock));
}

TEST_CASE("a second migration changes nothing") {
  const Deployment installation;
  REQUIRE(installation.migrate() == 0);
  REQUIRE(installation.migrate() == 0);
  const auto line = installation.last_line();
  CHECK(line.at("from") == line.at("to"));
  CHECK(line.at("msg") == "the schema is up to date");
}

TEST_CASE("what is pending is told by the exit code, and nothing is changed") {
  const Deployment installation;
  CHECK(installation.status() == 3);
  CHECK_FALSE(std::filesystem::exists(installation.state() / "holdfast.db"));
  REQUIRE(installation.migrate() == 0);
  CHECK(installation.status() == 0);
}

TEST_CASE("a wrong configuration ends with 78") {
  Deployment installation;
  installation.write_config("no_such_key = 1\n");
  CHECK(installation.migrate() == 78);
  CHECK(queue::migrate({{"HOLDFAST_CONFIG", "/nonexistent/holdfast.toml"}},
                       installation.log.get()) == 78);
}

TEST_CASE("a store that cannot be used ends with 69") {
  const Deployment installation;
  std::filesystem::create_directories(installation.state());
  std::ofstream(installation.state() / "holdfast.db") << std::string(8192, '?');
  CHECK(installation.migrate() == 69);
  CHECK(installation.last_line().at("level") == "error");
}

TEST_CASE("a state directory that cannot be made ends with 69") {
  const Deployment installation;
  std::ofstream(installation.dir.path() / "var") << "a file in the way";
  CHECK(installation.migrate() == 69);
}
