// SPDX-License-Identifier: Apache-2.0
// Restarts because files change, with real processes and files.
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;

namespace fs = std::filesystem;

namespace {

const std::string kDevelopment = "environment = \"development\"\n[log]\nformat = \"json\"\n";

void write(const fs::path& file, const std::string& text) {
  fs::create_directories(file.parent_path());
  std::ofstream(file, std::ios::trunc) << text;
}

json watch_of(Stack& stack, const std::string& name) {
  const json status = stack.status();  // must outlive the loop
  if (!status.is_object()) return json::object();
  for (const json& program : status["programs"]) {
    if (program["name"] == name) return program.value("watch", json::object());
  }
  return json::object();
}

bool watching(Stack& stack, const std::string& name) {
  return wait_until([&] { return watch_of(stack, name).value("active", false); });
}

bool replaced(Stack& stack, const std::string& worker, pid_t before) {
  return wait_until([&] {
    const pid_t now = stack.pid_of(worker);
    return now != 0 && now != before && stack.state_of(worker) == "ready";
  });
}

std::string watching_program(const std::string& name, const fs::path& directory,
                             const std::string& keys = "watch = [\"src/**/*.js\"]\n") {
  return misbehaving(name, {"--ready"}, "directory = \"" + directory.string() + "\"\n" + keys);
}

}  // namespace

TEST_CASE("watch: a changed file restarts its program, and log, event, status and metrics say so") {
  TempDir dir;
  write(dir / "src/app.js", "1");
  write(dir / "node_modules/x/index.js", "1");
  write(dir / ".gitignore", "node_modules/\n");
  Stack stack(
      kDevelopment + watching_program("web", dir.path()) + misbehaving("other", {"--ready"}),
      kNoPort);
  stack.wait_ready();
  REQUIRE(watching(stack, "web"));
  CHECK(watch_of(stack, "web")["directories"] == 2);
  const pid_t web = stack.pid_of("web.0");
  const pid_t other = stack.pid_of("other.0");
  write(dir / "node_modules/x/index.js", "2");
  write(dir / "src/readme.txt", "2");
  write(dir / "src/app.js", "2");
  REQUIRE(replaced(stack, "web.0", web));
  REQUIRE(stack.wait_event("rolling_done", "web: 1 slot restarted"));
  REQUIRE(stack.wait_event("files_changed", "web: src/app.js has changed: restarting web"));
  CHECK(stack.pid_of("other.0") == other);
  CHECK(stack.wait_logged("src/app.js has changed"));
  const json watch = watch_of(stack, "web");
  CHECK(watch["restarts"] == 1);
  CHECK(watch["last_change"]["file"] == "src/app.js");
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_watch_restarts_total", "program=\"web\"") == 1);
}

TEST_CASE("watch: a file that an editor replaces, and one in a directory that is new") {
  TempDir dir;
  write(dir / "src/app.js", "1");
  Stack stack(kDevelopment + watching_program("web", dir.path()), kNoPort);
  stack.wait_ready();
  REQUIRE(watching(stack, "web"));
  pid_t before = stack.pid_of("web.0");
  write(dir / "src/.app.js.tmp", "2");
  fs::rename(dir / "src/.app.js.tmp", dir / "src/app.js");
  REQUIRE(replaced(stack, "web.0", before));
  REQUIRE(stack.wait_event("rolling_done"));
  before = stack.pid_of("web.0");
  write(dir / "src/new/deep/b.js", "1");
  REQUIRE(replaced(stack, "web.0", before));
  REQUIRE(stack.wait_event("files_changed", "src/new/deep/b.js"));
}

TEST_CASE("watch: production watches nothing, unless holdfast run --watch says so") {
  TempDir dir;
  write(dir / "src/app.js", "1");
  SECTION("without") {
    Stack stack(watching_program("web", dir.path()), kNoPort);
    stack.wait_ready();
    CHECK(watch_of(stack, "web")["active"] == false);
    CHECK(wait_until([&] {
      return stack.supervisor().output().find("watch is off in production: web") !=
             std::string::npos;
    }));
    const auto checked = stack.command({"check-config"});
    CHECK(checked.exit_code == 0);
    CHECK(checked.output.find("watch is off in production: web") != std::string::npos);
  }
  SECTION("with") {
    Stack stack(watching_program("web", dir.path()), kNoPort,
                {bin_dir() / "holdfast", "run", "--watch"});
    stack.wait_ready();
    REQUIRE(watching(stack, "web"));
    const pid_t before = stack.pid_of("web.0");
    write(dir / "src/app.js", "2");
    CHECK(replaced(stack, "web.0", before));
    CHECK(stack.supervisor().output().find("watch is off") == std::string::npos);
  }
}

TEST_CASE("watch: a crash-looping program is started at once when its file is mended") {
  TempDir dir;
  write(dir / "app.sh", "exit 1\n");
  Stack stack(kDevelopment + "[program.web]\n" +
                  command_of({"/bin/sh", (dir / "app.sh").string()}) +
                  "ready = \"started\"\ncrash_loop_exits = 2\ncrash_loop_retry = \"1h\"\n"
                  "backoff_base = \"1ms\"\nreplace = \"stop-first\"\nwatch = [\"" +
                  (dir / "app.sh").string() + "\"]\n",
              kNoPort);
  REQUIRE(stack.wait_state("web.0", "crash_loop"));
  REQUIRE(watching(stack, "web"));
  write(dir / "app.sh", "exec sleep 1000\n");
  CHECK(stack.wait_state("web.0", "ready"));
}

TEST_CASE("watch: dependants follow a build, and a build that fails leaves them as they are") {
  TempDir dir;
  write(dir / "src/a.ts", "exit 0\n");
  Stack stack(
      kDevelopment + "[program.build]\n" + command_of({"/bin/sh", (dir / "src/a.ts").string()}) +
          "type = \"oneshot\"\nrestart = \"never\"\nwatch = [\"src\"]\n"
          "watch_dependants = true\ndirectory = \"" +
          dir.path().string() + "\"\n" + misbehaving("web", {"--ready"}, "after = [\"build\"]\n"),
      kNoPort);
  stack.wait_ready();
  REQUIRE(watching(stack, "build"));
  const pid_t first = stack.pid_of("web.0");
  write(dir / "src/a.ts", "exit 3\n");
  REQUIRE(stack.wait_event("rolling_aborted", "build.0 (incarnation 2) died: exit 3"));
  CHECK(stack.pid_of("web.0") == first);
  write(dir / "src/a.ts", "exit 0 # mended\n");
  REQUIRE(replaced(stack, "web.0", first));
  CHECK(stack.wait_event("files_changed", "restarting build, then web"));
}

TEST_CASE("watch: a directory that is missing is told, by check-config too, and found later") {
  TempDir dir;
  const fs::path base = dir / "late";
  Stack stack(kDevelopment +
                  misbehaving("web", {"--ready"}, "watch = [\"" + base.string() + "/**/*.js\"]\n"),
              kNoPort);
  stack.wait_ready();
  REQUIRE(stack.wait_event("watch_problem", base.string() + " is no directory"));
  CHECK(stack.command({"status"}).output.find("watch of web: " + base.string()) !=
        std::string::npos);
  CHECK(stack.command({"check-config"}).output.find("which is no directory") != std::string::npos);
  const pid_t before = stack.pid_of("web.0");
  write(base / "a.js", "1");
  CHECK(replaced(stack, "web.0", before));
  CHECK(stack.wait_event("watching", "web: watching its files in 1 directory"));
}

TEST_CASE("watch: a reload turns it on and off") {
  TempDir dir;
  write(dir / "src/app.js", "1");
  const std::string without = kDevelopment + watching_program("web", dir.path(), "");
  Stack stack(without, kNoPort);
  stack.wait_ready();
  CHECK(watch_of(stack, "web").empty());
  const pid_t web = stack.pid_of("web.0");
  stack.write_config(kDevelopment + watching_program("web", dir.path()));
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  REQUIRE(watching(stack, "web"));
  CHECK(stack.pid_of("web.0") == web);  // the keys are live
  write(dir / "src/app.js", "2");
  REQUIRE(replaced(stack, "web.0", web));
  REQUIRE(stack.wait_event("rolling_done"));
  stack.write_config(without);
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  CHECK(watch_of(stack, "web").empty());
}

TEST_CASE("watch: where inotify has no room left the rest is watched, and the status says so") {
  const std::string unshare = find_program("unshare");
  const auto script = [](const std::string& limit) {
    return "echo " + limit + " && exec " + (bin_dir() / "holdfast").string() + " run";
  };
  if (unshare.empty() ||
      run_program({unshare, "-Ur", "sh", "-c", "test -w /proc/sys/user/max_inotify_watches"})
              .ended.shell_status() != 0) {
    WARN("no user namespaces here: the limits of inotify are not tested");
    return;
  }
  TempDir dir;
  for (const char* name : {"a", "b", "c", "d"})
    write(dir / "src" / name / "app.js", "1");
  const std::string toml = kDevelopment + watching_program("web", dir.path());
  SECTION("for directories") {
    Stack stack(toml, kNoPort,
                {unshare, "-Ur", "sh", "-c", script("3 > /proc/sys/user/max_inotify_watches")});
    stack.wait_ready();
    REQUIRE(stack.wait_event("watch_problem", "no inotify watches left, 3 are in use here"));
    CHECK(stack.command({"status"}).output.find("raise fs.inotify.max_user_watches") !=
          std::string::npos);
    const pid_t before = stack.pid_of("web.0");
    for (const char* name : {"a", "b", "c", "d"})
      write(dir / "src" / name / "app.js", "2");
    CHECK(replaced(stack, "web.0", before));
  }
  SECTION("for another instance") {
    Stack stack(toml, kNoPort,
                {unshare, "-Ur", "sh", "-c", script("0 > /proc/sys/user/max_inotify_instances")});
    stack.wait_ready();
    REQUIRE(stack.wait_event("watch_problem", "raise fs.inotify.max_user_instances"));
    CHECK(watch_of(stack, "web")["active"] == false);
  }
}
