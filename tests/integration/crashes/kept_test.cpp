// SPDX-License-Identifier: Apache-2.0
// How long crash reports are kept, who may read them, and what a disk that fails costs.
#include "common/http/client.hpp"
#include "tests/integration/crashes/reports.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/programs.hpp"

#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

using namespace holdfast;
using namespace holdfast::test;
using nlohmann::json;
namespace fs = std::filesystem;

namespace {

const std::string kSecret = "a-line-for-administrators";

std::string web(const std::string& more = "") {
  return more + misbehaving("web", {"--print", kSecret, "--ready"}, "required = false\n");
}

void crash(Stack& stack) {
  REQUIRE(stack.wait_state("web.0", "ready"));
  const std::size_t before = list_crashes(stack).size();
  stack.signal("web.0", SIGKILL);
  REQUIRE(wait_until([&] { return list_crashes(stack).size() == before + 1; }));
}

fs::path directory_of(const Stack& stack) {
  return stack.file("state") / "crashes";
}

http::Response over_status_socket(Stack& stack, const std::string& target) {
  const std::string url = "unix:" + (stack.runtime_dir() / "status.sock").string() + ":" + target;
  return http::fetch("GET", url, {}, "", {}).value();
}

}  // namespace

TEST_CASE("reports outlive the supervisor, and are listed with the newest first") {
  Stack stack(web(), kNoPort);
  crash(stack);
  crash(stack);
  const json before = list_crashes(stack);
  CHECK(before[0]["id"] > before[1]["id"]);
  CHECK(before[0]["incarnation"] == 2);
  const fs::path directory = directory_of(stack);
  struct stat info {};
  REQUIRE(::stat(directory.c_str(), &info) == 0);
  CHECK((info.st_mode & 07777) == 0700);
  stack.supervisor().signal(SIGTERM);
  stack.supervisor().wait();
  stack.start();
  REQUIRE(stack.wait_state("web.0", "ready"));
  REQUIRE(wait_until([&] { return list_crashes(stack).size() == 2; }));
  CHECK(list_crashes(stack) == before);
  const auto shown = stack.command({"crashes", "show", before[1]["id"].get<std::string>()});
  CHECK(shown.exit_code == 0);
  CHECK_THAT(shown.output, Catch::Contains("signal 9 (SIGKILL)") && Catch::Contains(kSecret));
}

TEST_CASE("the read-only endpoints show which worker, when and why, and no line of any log") {
  Stack stack(web(), kNoPort);
  crash(stack);
  const std::string id = list_crashes(stack)[0]["id"];
  const auto list = over_status_socket(stack, "/crashes");
  CHECK(list.status == 200);
  CHECK_THAT(list.body, Catch::Contains(id) && Catch::Contains("SIGKILL"));
  CHECK(list.body.find(kSecret) == std::string::npos);
  CHECK(over_status_socket(stack, "/crashes/" + id).status == 403);
  CHECK(over_status_socket(stack, "/crashes/latest").status == 403);
  CHECK(over_status_socket(stack, "/crashes?name=web").status == 200);
  CHECK(over_status_socket(stack, "/crashes?name=nobody").status == 404);
}

TEST_CASE("names narrow the list, and what is no report is not found, whatever it looks like") {
  Stack stack(web() + misbehaving("other", {"--ready"}), kNoPort);
  crash(stack);
  CHECK(list_crashes(stack, "web").size() == 1);
  CHECK(list_crashes(stack, "web.0").size() == 1);
  CHECK(list_crashes(stack, "w*").size() == 1);
  CHECK(list_crashes(stack, "all").size() == 1);
  CHECK(list_crashes(stack, "other").empty());
  CHECK_THAT(stack.command({"crashes"}).output, Catch::Contains("web.0"));
  CHECK_THAT(stack.command({"crashes", "other"}).output, Catch::Contains("no crash report"));
  CHECK(stack.command({"crashes", "nobody"}).exit_code == 2);
  for (const char* wanted : {"../..", "../../holdfast.toml", "/etc/passwd", "..", ".", "nothing",
                             "%2e%2e%2f", "20261129T091614123Z-0000"}) {
    INFO(wanted);
    const auto answer = stack.command({"crashes", "show", wanted});
    CHECK(answer.exit_code == 2);
    CHECK_THAT(answer.output, Catch::Contains("no crash report"));
  }
}

TEST_CASE("crash_reports: the oldest go, at once after a reload too") {
  Stack stack(web("[supervisor]\ncrash_reports = 2\n\n"), kNoPort);
  crash(stack);
  crash(stack);
  const std::string second = list_crashes(stack)[0]["id"];
  REQUIRE(stack.wait_state("web.0", "ready"));
  stack.signal("web.0", SIGKILL);
  REQUIRE(wait_until([&] {
    const json crashes = list_crashes(stack);
    return crashes.size() == 2 && crashes[1]["id"] == second;
  }));
  stack.write_config(web("[supervisor]\ncrash_reports = 1\n\n"));
  REQUIRE(stack.command({"reload"}).exit_code == 0);
  REQUIRE(wait_until([&] { return list_crashes(stack).size() == 1; }));
  CHECK(std::distance(fs::directory_iterator(directory_of(stack)), fs::directory_iterator{}) == 1);
}

TEST_CASE("a directory that cannot be used costs the files, is told once, and nothing else") {
  Stack stack(web(), kNoPort);
  crash(stack);
  const fs::path directory = directory_of(stack);
  stack.supervisor().signal(SIGTERM);
  stack.supervisor().wait();
  fs::remove_all(directory);
  std::ofstream(directory) << "in the way";
  stack.start();
  crash(stack);
  crash(stack);
  const json report = wait_crash(stack, "web.0");
  CHECK(report.is_object());  // from memory
  int told = 0;
  for (const json& event : stack.events())
    told += event["kind"] == "crash_reports" ? 1 : 0;
  CHECK(told == 1);
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_crash_reports_dropped_total") == 2);
  CHECK(Stack::sum_of(stack.metrics(), "holdfast_crash_reports_total") == 0);
}
