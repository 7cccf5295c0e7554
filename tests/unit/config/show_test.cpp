// SPDX-License-Identifier: Apache-2.0
#include "common/config/show.hpp"

#include "tests/unit/config/support.hpp"

namespace holdfast::config {

TEST_CASE("what is shown loads to the same configuration") {
  const std::string text = GENERATE(as<std::string>{}, "", "environment = \"development\"", R"(
[listen.http]
address = "unix:/run/x.sock"
owner = "nobody"
mode = "666"
[log]
file = "/a \"quoted\"\tpath"
max_size = "1000001B"
[program.b]
command = ["sh", "-c", "echo \"$HOME\"\n"]
sockets = ["http"]
umask = "007"
rlimits = { nofile = 10, core = "unlimited", fsize = "1KiB:unlimited", stack = "1MiB:2MiB" }
success_exit_codes = [1, 255]
memory_high = "10MiB"
environment = { A = "ü \u007f", B = "\u009b31m\u202e\U000e0041\u200b" }
ready_log = '\bready\b'
backoff_factor = 2.5
backoff_jitter = 0
[program.a]
command = ["a"]
type = "oneshot"
ready = "http://127.0.0.1:80/x"
stop_signal = "INT"
)");
  const Loaded first = load_good(text);
  const std::string shown = show(first.config);
  INFO(shown);
  for (const char* hidden : {"\u009b", "\u202e", "\U000e0041", "\u200b"})
    CHECK(shown.find(hidden) == std::string::npos);
  const Loaded second = load_good(shown);
  CHECK(second.config == first.config);
  CHECK(show(second.config) == shown);
}

TEST_CASE("secrets are masked") {
  const std::string shown = show(load_good(R"(
[store]
url = "postgresql://holdfast:hunter2@db/docs?sslmode=require"
[program.x]
command = ["x", "--broker=amqp://me:hunter2@mq/"]
environment = { API_TOKEN = "hunter2", DB_PASSWORD = "hunter2", URL = "redis://:hunter2@r/0", MODE = "fast" }
)")
                                     .config);
  INFO(shown);
  CHECK(shown.find("hunter2") == std::string::npos);
  CHECK(shown.find("url = \"postgresql://holdfast:***@db/docs?sslmode=require\"") !=
        std::string::npos);
  CHECK(shown.find("MODE = \"fast\"") != std::string::npos);
  CHECK(shown.find("API_TOKEN = \"[Redacted]\"") != std::string::npos);
}

TEST_CASE("defaults are written out") {
  const std::string shown = show(load_good("").config);
  for (const char* line : {"[supervisor]\n", "shutdown_deadline = \"30s\"\n", "[listen.http]\n",
                           "address = \"0.0.0.0:3000\"\n", "[program.migrate]\n",
                           "command = [\"holdfast-queue-worker\", \"migrate\"]\n",
                           "max_size = \"50MiB\"\n", "stop_signal = \"TERM\"\n"}) {
    INFO(line);
    CHECK(shown.find(line) != std::string::npos);
  }
}

}  // namespace holdfast::config
