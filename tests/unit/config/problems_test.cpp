// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/config/support.hpp"

namespace holdfast::config {

TEST_CASE("a mistyped key is named with its place and the key that was meant") {
  CHECK(load_bad("[program.api-worker]\ncommand = [\"x\"]\nreplica = 2\n") ==
        "holdfast.toml:3:1: [program.api-worker] unknown key 'replica'; did you mean 'replicas'?");
  CHECK(load_bad("[supervisor]\nzzz = 1") == "holdfast.toml:2:1: [supervisor] unknown key 'zzz'");
  CHECK(load_bad("[supervisr]\n") ==
        "holdfast.toml:1:2: unknown section 'supervisr'; did you mean 'supervisor'?");
  CHECK(load_bad("enviroment = \"production\"") ==
        "holdfast.toml:1:1: unknown key 'enviroment'; did you mean 'environment'?");
}

TEST_CASE("what a problem quotes stays on its line and controls no terminal") {
  CHECK(load_bad("[http]\n\"ab\\u001b]0;x\\u0007\\nwarning: fine\" = 1\n") ==
        "holdfast.toml:2:1: [http] unknown key 'ab\\u001b]0;x\\u0007\\u000awarning: fine'");
  CHECK(load_bad("[log]\nlevel = \"\\u009b31m\\u202E\"\n").find("'\\u009b31m\\u202e' is not") !=
        std::string::npos);
}

TEST_CASE("all problems are reported at once, in the order of the file") {
  const std::string text = load_bad(R"([supervisor]
shutdown_deadline = "soon"
max_starting = 0

[program.a]
command = "echo"
after = ["b"]

[log]
level = "loud"
)",
                                    {{"PORT", "http"}});
  CHECK(text ==
        "holdfast.toml:2:21: [supervisor] shutdown_deadline: 'soon' is not a duration: write a "
        "number with a unit, such as \"250ms\", \"30s\", \"5m\" or \"1h30m\"\n"
        "holdfast.toml:3:16: [supervisor] max_starting: 0 is not between 1 and 1000\n"
        "holdfast.toml:6:11: [program.a] command: must be an array of strings, one per argument "
        "(there is no shell): [\"program\", \"argument\"]\n"
        "holdfast.toml:7:9: [program.a] after: there is no program 'b'; did you mean 'a'?\n"
        "holdfast.toml:10:9: [log] level: 'loud' is not one of \"trace\", \"debug\", \"info\", "
        "\"warn\", \"error\"\n"
        "environment: PORT: 'http' is not a port from 0 to 65535");
}

TEST_CASE("one bad key gives one problem, which says what is wrong") {
  // The key stands in a program with a command; `expected` is what follows "[section] ".
  struct Row {
    std::string text;
    std::string expected;
  };
  const std::string program = "[program.x]\ncommand = [\"x\"]\n";
  const Row row = GENERATE_COPY(values<Row>({
      // wrong types
      {program + "replicas = \"2\"", "replicas: must be an integer, not a string"},
      {program + "replicas = 2.5", "replicas: must be an integer, not a number with a fraction"},
      {program + "required = \"yes\"", "required: must be true or false, not a string"},
      {program + "after = \"x\"", "after: must be an array of strings, not a string"},
      {program + "after = [1]", "after: must be a string, not an integer"},
      {program + "user = 33", "user: must be a string, not an integer"},
      {program + "user = 1979-05-27", "user: must be a string, not a date or time"},
      {program + "environment = []", "environment: must be a table of strings, not an array"},
      {program + "rlimits = 3", "rlimits: must be a table of limits, not an integer"},
      {program + "umask = 22", "umask: must be octal in quotes, such as \"022\", not an integer"},
      {program + "backoff_factor = true", "backoff_factor: must be a number, not a boolean"},
      {program + "stop_timeout = 10",
       "stop_timeout: must be a duration such as \"30s\" (a string with a unit), not an integer"},
      {"[http]\nmax_body_bytes = 1024",
       "max_body_bytes: must be a size such as \"10MiB\" (a string with a unit), not an integer"},
      // impossible values
      {program + "replicas = -1", "replicas: -1 is not between 0 and 10000"},
      {program + "stop_timeout = \"30\"", "stop_timeout: '30' is not a duration"},
      {program + "stop_timeout = \"2d\"", "stop_timeout: '2d' is not between 10ms and 1d"},
      {program + "stop_timeout = \"10500us\"", "stop_timeout: '10500us' is finer than a milli"},
      {program + "backoff_jitter = 1.5", "backoff_jitter: 1.5 is not between 0 and 0.9"},
      {program + "backoff_jitter = nan", "backoff_jitter: nan is not between 0 and 0.9"},
      {program + "nice = 20", "nice: 20 is not between -20 and 19"},
      {program + "oom_score_adj = \"1\"", "oom_score_adj: must be an integer, not a string"},
      {program + "umask = \"9\"", "umask: '9' is not an octal mask"},
      {program + "umask = \"1777\"", "umask: '1777' is not an octal mask"},
      {program + "rlimits = { nofiles = 1 }", "rlimits: 'nofiles' is not one of \"as\", "},
      {program + "rlimits = { nofile = \"9:8\" }",
       "rlimits: '9:8': the soft limit is above the hard limit"},
      {program + "rlimits = { nofile = \"9:\" }", "rlimits: a limit must be an integer from 0"},
      {program + "rlimits = { nofile = \"1:2:3\" }", "rlimits: a limit must be an integer from 0"},
      {program + "success_exit_codes = 3",
       "success_exit_codes: must be an array of exit codes, not an integer"},
      {program + "success_exit_codes = [0, 256]",
       "success_exit_codes: an exit code is an integer from 0 to 255"},
      {program + "success_exit_codes = [\"TERM\"]",
       "success_exit_codes: an exit code is an integer from 0 to 255"},
      {program + "max_restarts_per_hour = -1", "max_restarts_per_hour: -1 is not between"},
      {program + "memory_high = \"2GiB\"\nmemory_max = \"1GiB\"",
       "memory_high: 2GiB is not below memory_max, 1GiB"},
      {"[listen.http]\naddress = \"unix:/x\"\nmode = 660", "mode: must be octal in quotes"},
      {"[listen.http]\naddress = \"unix:/x\"\nowner = \"a:b\"",
       "owner: 'a:b' is not an account's name"},
      {program + "rlimits = { nofile = -1 }", "rlimits: a limit must be an integer from 0"},
      {program + "environment = { \"A B\" = \"\" }",
       "environment: 'A B' is not a valid variable name"},
      {program + "environment = { NOTIFY_SOCKET = \"\" }",
       "environment: 'NOTIFY_SOCKET' is set by the supervisor"},
      {program + "environment = { A = 1 }", "environment: must be a string, not an integer"},
      {program + "directory = \"srv\"", "directory: 'srv' must be an absolute path"},
      {program + "user = \"a b\"", "user: 'a b' is not an account's name"},
      {program + "user = \"a\\u0000b\"", "user: must not contain a NUL character"},
      {program + "ready = \"notfy\"", "ready: 'notfy' is not \"notify\", \"started\", \"http:"},
      {program + "ready = \"https://x/\"", "ready: 'https://x/' is not \"notify\""},
      {program + "ready_log = \"(\"", "ready_log: '(' is not a regular expression: "},
      {program + "ready_log = 'ready(?=!)'",
       "ready_log: 'ready(?=!)' is not a regular expression: "},
      {program + "ready_log = \"(x{1000}){100}\"",
       "ready_log: '(x{1000}){100}' is not a regular expression: "},
      {program + "ready_log = \"\"", "ready_log: must not be empty"},
      {program + "restart = \"sometimes\"", "restart: 'sometimes' is not one of \"always\", "},
      {program + "type = \"services\"",
       "type: 'services' is not one of \"service\", \"oneshot\"; did you mean 'service'?"},
      {program + "stop_signal = \"SIGTREM\"", "stop_signal: 'TREM' is not one of \"TERM\", "},
      {program + "metrics = \"http://exporter:9113/metrics\"",
       "metrics: 'http://exporter:9113/metrics' is not an address to ask"},
      {program + "metrics = \"maybe\"", "metrics: 'maybe' is not an address to ask"},
      {"[http]\nmax_body_bytes = \"1 MB\"", "max_body_bytes: '1 MB' is not a size"},
      {"[http]\nmax_header_bytes = \"1B\"", "max_header_bytes: '1B' is not between 1KiB and 1MiB"},
      {"[http]\ntrusted_proxies = [\"10.0.0.0/33\"]", "trusted_proxies: '10.0.0.0/33' is not a "},
      {"[http]\nmetrics_allow = [\"10.0.0.1/8\"]",
       "metrics_allow: '10.0.0.1/8' has bits set after its prefix; did you mean '10.0.0.0/8'?"},
      {"[listen.http]\naddress = \"3000\"", "address: '3000' is not an address to listen on"},
      {"[supervisor]\nstate_dir = \"\"", "state_dir: '' must be an absolute path"},
      {"[supervisor]\nstatus_listen = \"unix:/x\"", "status_listen: 'unix:/x' must be host:port"},
      {"[store]\nurl = \"mysql://u:hunter2@h/db\"", "url: 'mysql://u:***@h/db' is not a store's"},
      {"[embedding]\nprovider = \"magic\"", "provider: 'magic' is not one of \"hashing\""},
      // commands
      {"[program.x]\nreplicas = 1", "command is missing"},
      {"[program.x]\ncommand = []", "command: must name a program"},
      {"[program.x]\ncommand = [\"\"]", "command: must name a program"},
      {"[program.x]\ncommand = [1]", "command: must be a string, not an integer"},
  }));
  const std::string text = load_bad(row.text);
  INFO(row.text << "\n" << text);
  CHECK(count_lines(text) == 1);
  CHECK(text.find("] " + row.expected) != std::string::npos);
}

TEST_CASE("names are short, lower case and plain") {
  const auto name = GENERATE("API", "-x", "a_b", "\"a.b\"", "\"\"", "\"ä\"",
                             "a23456789012345678901234567890123456789012345678x");
  const std::string program = load_bad("[program." + std::string(name) + "]\ncommand = [\"x\"]");
  CHECK(program.find("is not a name for [program.NAME]") != std::string::npos);
  const std::string listen = load_bad("[listen." + std::string(name) + "]");
  CHECK(listen.find("is not a name for [listen.NAME]") != std::string::npos);
}

TEST_CASE("sections have to be tables") {
  CHECK(load_bad("program = 3") ==
        "holdfast.toml:1:1: 'program' must be a table, [program.NAME], not an integer");
  CHECK(load_bad("[[program]]\ncommand = [\"x\"]") ==
        "holdfast.toml:1:3: 'program' must be a table, [program.NAME], not an array");
  CHECK(load_bad("[program]\nx = \"y\"") ==
        "holdfast.toml:2:1: 'x' must be a table, [program.x], not a string");
  CHECK(load_bad("log = \"json\"") ==
        "holdfast.toml:1:1: 'log' must be a table, [log], not a string");
}

TEST_CASE("text that is not TOML is reported with its place") {
  const auto [text, place] = GENERATE(table<std::string, std::string>(
      {{"[supervisor\n", "holdfast.toml:1:"},
       {"[log]\nlevel = \n", "holdfast.toml:2:"},
       {"[log]\nlevel = \"info\"\nlevel = \"warn\"", "holdfast.toml:3:"},
       {"[program.x]\ncommand = [\"x\"]\n[program.x]\n", "holdfast.toml:3:"},
       {"a = \"\xFF\"", "holdfast.toml:1:"}}));
  const std::string problems = load_bad(text);
  INFO(problems);
  CHECK(count_lines(problems) == 1);
  CHECK(problems.starts_with(place));
}

TEST_CASE(
    "keys of a hundred thousand parts are refused with their place, wherever they are nested") {
  std::string parts;
  for (int i = 0; i < 100'000; ++i)
    parts += "a.";
  std::string nested = "x = ";
  for (int i = 0; i < 200; ++i)
    nested += "{ a.b.c.d = ";
  const std::string row =
      GENERATE_COPY("\n" + parts + "a = 1", "\n[" + parts + "a]", "\n[[" + parts + "a]]",
                    "\nx = [{ " + parts + "a = 1 }]", "\nx = { y = 1, " + parts + "a = 1 }",
                    "\n" + nested, "# it's\nx.'\"'.\"\\\"\".''.\"\"." + parts + "a = 1");
  const std::string problems = load_bad(row);
  INFO(problems.substr(0, 200));
  CHECK(count_lines(problems) == 1);
  CHECK(problems.starts_with("holdfast.toml:2:"));
  CHECK(problems.find("a key has more than 256 parts") != std::string::npos);
}

TEST_CASE("dots in values, strings and comments are no parts of keys") {
  const std::string dots(1000, '.');
  std::string numbers;
  for (int i = 0; i < 1000; ++i)
    numbers += "1.5, ";
  const std::string problems = load_bad("# " + dots + "\n[log] # " + dots + "\nlevel = \"" + dots +
                                        "\"\nx = '''\n" + dots + "\n'''\ny = \"\"\"" + dots +
                                        "\\\"" + dots + "\n\"\"\"\nz = [\n" + numbers + "\n]\n");
  INFO(problems);
  CHECK(problems.find("parts") == std::string::npos);
  CHECK(count_lines(problems) == 4);  // the level, and three unknown keys
}

TEST_CASE("a key in the wrong section is shown the right one") {
  CHECK(load_bad("level = \"info\"") ==
        "holdfast.toml:1:1: unknown key 'level'; it is a key of [log]");
  CHECK(load_bad("[http]\nreplicas = 2") ==
        "holdfast.toml:2:1: [http] unknown key 'replicas'; it is a key of [program.NAME]");
  CHECK(load_bad("[log]\nenvironment = \"production\"") ==
        "holdfast.toml:2:1: [log] unknown key 'environment'; it is a key of the top of the file, "
        "[program.NAME]");
}

TEST_CASE("a text without quotes is told what it lacks, and not shown") {
  for (const char* value : {"info", "30s", "/var/lib/x", "10MiB", "$HOME/x"}) {
    const std::string text = load_bad(fmt::format("[log]\nlevel = {}  # x\n", value));
    INFO(text);
    CHECK(text.starts_with("holdfast.toml:2:"));
    CHECK(text.ends_with("; a text, a duration or a size stands in quotes: level = \"…\""));
  }
  CHECK(load_bad("[log]\nlevel = [\"a\"").find("in quotes") == std::string::npos);
}

}  // namespace holdfast::config
