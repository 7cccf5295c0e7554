// SPDX-License-Identifier: Apache-2.0
// nginx and Debian's exporter for it, as two supervised programs.
#include "tests/integration/foreign_metrics/foreign.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/documents.hpp"

#include <csignal>
#include <fstream>

using namespace holdfast;
using namespace holdfast::test;

namespace {

// As soon as one program is configured, Holdfast's own must be configured as well.
const std::string kOwnPrograms =
    "\n[program.queue-worker]\ncommand = [\"holdfast-queue-worker\"]\nafter = [\"migrate\"]\n\n" +
    api_workers(2, "", "\"queue-worker\"");

}  // namespace

TEST_CASE("nginx's metrics from its exporter appear beside the stack's own") {
  const TempDir dir;
  const std::string web = free_port();
  const std::string exporter = free_port();
  std::ofstream(dir / "nginx.conf")
      << "daemon off;\npid " << (dir / "pid").string() << ";\nerror_log stderr warn;\n"
      << "events {}\nhttp {\n  access_log off;\n"
      << "  client_body_temp_path " << (dir / "body").string() << ";\n"
      << "  proxy_temp_path " << (dir / "proxy").string() << ";\n"
      << "  fastcgi_temp_path " << (dir / "fastcgi").string() << ";\n"
      << "  uwsgi_temp_path " << (dir / "uwsgi").string() << ";\n"
      << "  scgi_temp_path " << (dir / "scgi").string() << ";\n"
      << "  server {\n    listen 127.0.0.1:" << web << ";\n"
      << "    location = /nginx-status { stub_status; }\n"
      << "    location / { return 200 \"ok\\n\"; }\n  }\n}\n";
  Stack stack(default_stack(kOwnPrograms) + "\n[program.nginx]\n" +
              command_of({"nginx", "-p", dir.path().string(), "-c", "nginx.conf", "-e", "stderr"}) +
              "ready = \"http://127.0.0.1:" + web + "/\"\nstop_signal = \"QUIT\"\n" +
              "metrics = \"off\"\n\n[program.nginx-exporter]\n" +
              command_of({"prometheus-nginx-exporter", "--web.listen-address=127.0.0.1:" + exporter,
                          "--nginx.scrape-uri=http://127.0.0.1:" + web + "/nginx-status"}) +
              "after = [\"nginx\"]\nready = \"http://127.0.0.1:" + exporter + "/\"\n" +
              "metrics = \"http://127.0.0.1:" + exporter + "/metrics\"\n");
  stack.wait_ready();
  for (int i = 0; i < 20; ++i)
    REQUIRE(http::fetch("GET", "http://127.0.0.1:" + web + "/", {}, "", {}));
  REQUIRE(stack.get("/api/documents").status == 200);
  REQUIRE(wait_until(
      [&] { return Stack::sum_of(stack.metrics(), "nginx_http_requests_total") >= 20; }));
  std::string metrics = stack.metrics();
  INFO(metrics);
  CHECK(Stack::sum_of(metrics, "nginx_up") == 1);
  // Debian 12's name for it, and Debian 13's.
  CHECK(Stack::sum_of(metrics, "nginxexporter_build_info") +
            Stack::sum_of(metrics, "nginx_exporter_build_info") ==
        1);
  CHECK(Stack::sum_of(metrics, "nginx_connections_accepted") >= 20);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_up", "worker=\"nginx-exporter.0\"") == 1);
  // Nothing of it clashes with ours, and ours is there.
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_conflicting_families") == 0);
  CHECK(Stack::sum_of(metrics, "holdfast_metrics_parse_errors_total") == 0);
  CHECK(Stack::sum_of(metrics, "http_requests_total") >= 1);
  CHECK(Stack::sum_of(metrics, "process_open_fds", "worker=\"nginx.0\"") > 0);
  check_valid(stack, {"nginx_"});

  const double before = Stack::sum_of(metrics, "nginx_http_requests_total");
  stack.signal("nginx-exporter.0", SIGKILL);
  REQUIRE(wait_until([&] {
    metrics = stack.metrics();
    CHECK(Stack::sum_of(metrics, "nginx_http_requests_total") >= before);
    return Stack::sum_of(metrics, "holdfast_metrics_retired_incarnations_total") > 0 &&
           Stack::sum_of(metrics, "nginx_up") == 1;
  }));
}
