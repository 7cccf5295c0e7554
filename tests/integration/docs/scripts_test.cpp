// SPDX-License-Identifier: Apache-2.0
// The shell scripts that administrators and dpkg run, in directories of their own.
#include "tests/support/catch.hpp"
#include "tests/support/process.hpp"
#include "tests/support/temp_dir.hpp"

#include <sys/mount.h>

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>

using namespace holdfast::test;
using Catch::Contains;
namespace fs = std::filesystem;

namespace {

struct Ran {
  int code = 0;
  std::string output;
};

Ran run(const std::vector<std::string>& argv, std::map<std::string, std::string> environment) {
  Process process(argv, ProcessOptions{.environment = std::move(environment)});
  std::string output = process.read_to_end();
  return {process.wait().shell_status(), std::move(output)};
}

// A copy of docker/ as far as setup.sh needs it, with this .env.
class Docker {
 public:
  explicit Docker(const std::string& env) {
    for (const char* const name : {"setup.sh", ".env.production.template"})
      fs::copy(fs::path(HOLDFAST_SOURCE_DIR) / "docker" / name, dir_ / name);
    if (!env.empty()) std::ofstream(dir_ / ".env") << env;
  }
  Ran set_up(const std::string& secrets_dir = "") const {
    return run({"/bin/sh", dir_ / "setup.sh"},
               {{"SECRETS_DIR", secrets_dir}, {"HOME", dir_ / "home"}});
  }
  bool has_secrets(const std::string& directory) const {
    return fs::exists(dir_ / directory / "database_url");
  }
  std::string path(const std::string& name) const { return dir_ / name; }
  void write_secret(const char* name, const std::string& text) const {
    fs::create_directories(dir_ / "secrets");
    std::ofstream(dir_ / "secrets" / name) << text;
  }
  std::string secret(const char* name) const {
    std::ifstream file(dir_ / "secrets" / name);
    return {std::istreambuf_iterator<char>(file), {}};
  }

 private:
  TempDir dir_;
};

// A root of a system on which the package was installed, without its account.
class Root {
 public:
  Root() {
    for (const char* const name : {"etc/holdfast", "var/lib/holdfast", "bin"})
      fs::create_directories(dir_ / name);
    for (const char* const name : {"getent", "deb-systemd-helper"}) {
      std::ofstream(dir_ / "bin" / name) << "#!/bin/sh\nexit 2\n";
      fs::permissions(dir_ / "bin" / name, fs::perms::owner_all);
    }
    std::ofstream(dir_ / "etc/holdfast/holdfast.toml") << "";
  }
  Ran purge() const {
    return run({"/bin/sh", HOLDFAST_SOURCE_DIR "/packaging/debian/postrm", "purge"},
               {{"DPKG_ROOT", dir_.path()},
                {"PATH", (dir_ / "bin").native() + ":/usr/sbin:/usr/bin:/sbin:/bin"}});
  }
  fs::path operator/(const char* name) const { return dir_ / name; }

 private:
  TempDir dir_;
};

}  // namespace

TEST_CASE("setup.sh puts the secrets where compose looks for them") {
  struct Row {
    const char* env;
    const char* directory;
  };
  for (const Row& row : {Row{"", "secrets"}, Row{"SECRETS_DIR=./mine\n", "mine"},
                         Row{"SECRETS_DIR=\"./my secrets\"\n", "my secrets"},
                         Row{"SECRETS_DIR='./my $ecrets' # here\n", "my $ecrets"},
                         Row{"export SECRETS_DIR = ./mine # here\r\nOTHER=x\n", "mine"},
                         Row{"SECRETS_DIR=./first\nSECRETS_DIR=./second\n", "second"},
                         Row{"#SECRETS_DIR=./not\nSECRETS_DIR=~/mine\n", "home/mine"}}) {
    CAPTURE(row.env);
    const Docker docker(row.env);
    const Ran ran = docker.set_up();
    INFO(ran.output);
    CHECK(ran.code == 0);
    CHECK(docker.has_secrets(row.directory));
  }
}

TEST_CASE("setup.sh heeds SECRETS_DIR of the environment before that of the file") {
  const Docker docker("SECRETS_DIR=./file\n");
  CHECK(docker.set_up(docker.path("environment")).code == 0);
  CHECK(docker.has_secrets("environment"));
  CHECK_FALSE(docker.has_secrets("file"));
}

TEST_CASE("setup.sh makes nothing where it cannot know what compose would take") {
  for (const char* const env : {"LOG_LEVEL=info\n", "SECRETS_DIR=\n", "SECRETS_DIR=\"\"\n",
                                "SECRETS_DIR=${HOME}/mine\n", "SECRETS_DIR=\"a\\tb\"\n"}) {
    CAPTURE(env);
    const Docker docker(env);
    const Ran ran = docker.set_up();
    CHECK(ran.code == 1);
    CHECK_THAT(ran.output, Contains("SECRETS_DIR in docker/.env"));
    CHECK_FALSE(docker.has_secrets("secrets"));
  }
}

TEST_CASE("setup.sh writes passwords that are already there as URLs and Redis read them") {
  struct Row {
    const char* password;
    const char* in_url;
    const char* in_redis_conf;
  };
  for (const Row& row : {Row{"pl4in-_.~", "pl4in-_.~", "pl4in-_.~"},
                         Row{"a%41@b", "%61%25%34%31%40%62", R"("\x61\x25\x34\x31\x40\x62")"},
                         Row{"p@/w", "%70%40%2f%77", R"("\x70\x40\x2f\x77")"},
                         Row{"e\"c w\\", "%65%22%63%20%77%5c", R"("\x65\x22\x63\x20\x77\x5c")"},
                         Row{"#é", "%23%c3%a9", R"("\x23\xc3\xa9")"}}) {
    CAPTURE(row.password);
    const Docker docker("");
    docker.write_secret("postgres_password", row.password);
    docker.write_secret("redis_password", row.password + std::string("\n"));
    const Ran ran = docker.set_up();
    INFO(ran.output);
    CHECK(ran.code == 0);
    CHECK(docker.secret("postgres_password") == row.password);
    CHECK(docker.secret("database_url") ==
          "postgresql://holdfast:" + std::string(row.in_url) + "@postgres/holdfast\n");
    CHECK(docker.secret("redis_url") == "redis://:" + std::string(row.in_url) + "@redis:6379/0\n");
    CHECK(docker.secret("redis_auth") == "requirepass " + std::string(row.in_redis_conf) + "\n");
  }
}

TEST_CASE("setup.sh refuses an empty password") {
  for (const char* const name : {"postgres_password", "redis_password"}) {
    CAPTURE(name);
    const Docker docker("");
    docker.write_secret(name, "\n");
    const Ran ran = docker.set_up();
    CHECK(ran.code == 1);
    CHECK_THAT(ran.output, Contains("is empty"));
    CHECK_FALSE(docker.has_secrets("secrets"));
  }
}

TEST_CASE("a purge removes what is the package's") {
  const Root root;
  std::ofstream(root / "var/lib/holdfast/holdfast.db") << "data";
  const Ran ran = root.purge();
  INFO(ran.output);
  CHECK(ran.code == 0);
  CHECK(ran.output.empty());
  CHECK_FALSE(fs::exists(root / "etc/holdfast"));
  CHECK_FALSE(fs::exists(root / "var/lib/holdfast"));
}

TEST_CASE("a purge empties a directory that is a mount point, says so, and succeeds") {
  for (const char* const name : {"var/lib/holdfast", "etc/holdfast"}) {
    CAPTURE(name);
    const Root root;
    const fs::path directory = root / name;
    if (::mount("none", directory.c_str(), "tmpfs", 0, "size=1m") != 0) {
      WARN("not tested: a mount point, because tmpfs cannot be mounted: " << std::strerror(errno));
      return;
    }
    fs::create_directory(directory / "inside");
    std::ofstream(directory / "inside" / "holdfast.db") << "data";
    const Ran ran = root.purge();
    const bool empty = fs::is_empty(directory);
    REQUIRE(::umount2(directory.c_str(), MNT_DETACH) == 0);
    INFO(ran.output);
    CHECK(ran.code == 0);
    CHECK_THAT(ran.output, Contains(directory.native() + " is left"));
    CHECK(empty);
  }
}
