// SPDX-License-Identifier: Apache-2.0
// Keys that are fine one by one and not together.
#include "tests/unit/config/support.hpp"

namespace holdfast::config {

namespace {

// Programs with a command each, and more keys for each.
std::string programs(const std::vector<std::pair<std::string, std::string>>& all) {
  std::string text;
  for (const auto& [name, keys] : all) {
    text += "[program." + name + "]\ncommand = [\"x\"]\n" + keys + "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("a socket shared with the queue worker, which serves none, is a warning") {
  const std::string web = "[listen.web]\naddress = \"127.0.0.1:8080\"\n";
  const auto with = [&](const char* command) {
    return load_good(web + "[program.x]\ncommand = [\"" + command + "\"]\nsockets = [\"web\"]\n")
        .warnings;
  };
  const auto warnings = with("/usr/bin/holdfast-queue-worker");
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("holdfast-queue-worker serves no socket") != std::string::npos);
  CHECK(with("holdfast-api-worker").empty());
  CHECK(with("gunicorn").empty());
}

TEST_CASE("a contradiction within one section points at the key that was written") {
  struct Row {
    std::string text;
    std::string expected;
  };
  const std::string x = "[program.x]\ncommand = [\"x\"]\n";
  const Row row = GENERATE_COPY(values<Row>({
      {x + "watchdog = \"14s\"", "3:12: [program.x] watchdog: 14s is less than three times"},
      {x + "watchdog_interval = \"11s\"", "3:21: [program.x] watchdog: 30s is less than three"},
      {x + "min_ready = 2", "3:13: [program.x] min_ready: 2 is more than replicas, 1"},
      {x + "replicas = 2\nmin_ready = 3", "4:13: [program.x] min_ready: 3 is more than replicas"},
      {x + "backoff_base = \"31s\"\ncrash_loop_window = \"1h\"",
       "1:10: [program.x] backoff_cap: 30s is less than backoff_base, 31s"},
      {x + "backoff_base = \"20s\"\nsettled_after = \"20s\"",
       "1:10: [program.x] crash_loop_window: a crash loop could never be detected"},
      {x + "crash_loop_exits = 50\ncrash_loop_window = \"1m\"",
       "crash loop could never be detected"},
      {x + "ready = \"started\"\nready_log = \"x\"",
       "4:13: [program.x] ready_log: 'ready' is given"},
      {x + "ready = \"http://127.0.0.1/\"\nready_timeout = \"1s\"\nready_interval = \"2s\"",
       "5:18: [program.x] ready_interval: 2s is longer than ready_timeout, 1s"},
      {x + "type = \"oneshot\"\nreplicas = 2", "4:12: [program.x] replicas: a oneshot program"},
      {x + "type = \"oneshot\"\nrestart = \"always\"", "4:11: [program.x] restart: a oneshot"},
      {x + "after = [\"x\"]", "3:9: [program.x] after: a program cannot come after itself"},
      {x + "schedule = \"@daily\"", "3:12: [program.x] schedule: only a oneshot runs at times"},
      {x + "every = \"1h\"", "3:9: [program.x] every: only a oneshot runs at times"},
      {x + "type = \"oneshot\"\nschedule = \"@daily\"\nevery = \"1h\"",
       "5:9: [program.x] every: 'schedule' is given as well"},
      {x + "type = \"oneshot\"\nevery = \"500ms\"",
       "4:9: [program.x] every: 500ms is less than 1s"},
      {x + "type = \"oneshot\"\nevery = \"1m\"\njitter = \"1m\"",
       "5:10: [program.x] jitter: 1m is not less than every, 1m"},
      {x + "type = \"oneshot\"\nschedule = \"@daily\"\nrequired = true",
       "5:12: [program.x] required: what runs at times does not count"},
      {x + "type = \"oneshot\"\nschedule = \"0 3 * *\"",
       "4:12: [program.x] schedule: '0 3 * *' has 4 fields"},
      {x + "type = \"oneshot\"\nschedule = \"@daily\"\ntimezone = \"Europe/Belrin\"",
       "5:12: [program.x] timezone: 'Europe/Belrin' is not a time zone"},
      {x + "type = \"oneshot\"\nevery = \"1h\"\n[program.y]\ncommand = [\"y\"]\nafter = [\"x\"]",
       "7:9: [program.y] after: 'x' runs at times, so nothing can wait for it"},
      {x + "groups = [\"Back End\"]",
       "3:11: [program.x] groups: 'Back End' is not a name for a group"},
      {x + "reload_signal = \"HUPP\"", "3:17: [program.x] reload_signal: 'HUPP' is not a signal"},
      {x + "reload_signal = \"KILL\"", "3:17: [program.x] reload_signal: 'KILL' cannot be handled"},
      {"[program.all]\ncommand = [\"x\"]",
       "1:10: [program.all] 'all' names every program in commands"},
      {x + "sockets = [\"htpp\"]",
       "3:11: [program.x] sockets: there is no listener 'htpp'; did you mean 'http'?"},
      {x + "sockets = [\"http\", \"http\"]", "3:11: [program.x] sockets: 'http' is given twice"},
      {"[http]\nbody_memory = \"4MiB\"",
       "2:15: [http] body_memory: 4194304 bytes cannot hold the largest body, 10485760"},
      {"[http]\nmax_connections = 9\nmax_connections_per_client = 10",
       "3:30: [http] max_connections_per_client: 10 is more than max_connections, 9"},
      {"[queue]\nbackoff_base = \"2h\"", "1:2: [queue] backoff_cap: 1h is less than backoff_base"},
      {"[embedding]\nchunk_overlap = 1000", "2:17: [embedding] chunk_overlap: 1000 is more than"},
      {"[listen.doorbell]\naddress = \"127.0.0.1:1\"",
       "1:9: [listen.doorbell] 'doorbell' is reserved"},
      {"[listen.http]\n[listen.other]\naddress = \"0.0.0.0:3000\"",
       "3:11: [listen.other] address: '0.0.0.0:3000' is already used by [listen.http]"},
      {"[supervisor]\nstatus_listen = \"0.0.0.0:3000\"",
       "2:17: [supervisor] status_listen: '0.0.0.0:3000' is already used by [listen.http]"},
      {"[supervisor]\nstatus_listen = \"127.0.0.1:3000\"",
       "2:17: [supervisor] status_listen: '127.0.0.1:3000' cannot be used beside '0.0.0.0:3000' of "
       "[listen.http]"},
      {"[listen.a]\naddress = \"[::]:80\"\n[listen.b]\naddress = \"127.0.0.1:80\"",
       "4:11: [listen.b] address: '127.0.0.1:80' cannot be used beside '[::]:80' of [listen.a]"},
      {"[listen.a]\naddress = \"unix:/run/x\"\n[listen.b]\naddress = \"unix:/run/x\"",
       "4:11: [listen.b] address: 'unix:/run/x' is already used by [listen.a]"},
      // The default, which a refused value leaves in place, is nobody's.
      {"[listen.http]\n[listen.other]\naddress = \"3000\"",
       "3:11: [listen.other] address: '3000' is not an address to listen on"},
  }));
  const std::string text = load_bad(row.text);
  INFO(row.text << "\n" << text);
  CHECK(count_lines(text) == 1);
  CHECK(text.find(row.expected) != std::string::npos);
}

TEST_CASE("addresses of one port that leave room for each other are fine") {
  const auto pair = [](const std::string& one, const std::string& other) {
    return "[listen.a]\naddress = \"" + one + "\"\n[listen.b]\naddress = \"" + other + "\"\n";
  };
  CHECK_NOTHROW(load_good(pair("127.0.0.1:80", "127.0.0.2:80")));
  CHECK_NOTHROW(load_good(pair("0.0.0.0:80", "[::1]:80")));
  CHECK_NOTHROW(load_good(pair("0.0.0.0:0", "127.0.0.1:0")));
  CHECK_NOTHROW(load_good(pair("unix:/run/a", "unix:/run/b")));
}

TEST_CASE("a crash loop that cannot be seen is fine if nothing is restarted") {
  CHECK_NOTHROW(load_good(
      programs({{"x", "restart = \"never\"\nbackoff_base = \"20s\"\nsettled_after = \"20s\""}})));
}

TEST_CASE("programs that wait for each other are named in a cycle") {
  CHECK(load_bad(programs({{"a", "after = [\"b\"]"}, {"b", "after = [\"a\"]"}})) ==
        "holdfast.toml:3:9: [program.a] after: programs wait for each other: a -> b -> a");
  CHECK(load_bad(programs({{"start", "after = [\"one\"]"},
                           {"one", "after = [\"two\"]"},
                           {"two", "after = [\"three\"]"},
                           {"three", "after = [\"one\"]"}})) ==
        "holdfast.toml:6:9: [program.one] after: programs wait for each other: "
        "one -> two -> three -> one");
}

TEST_CASE("a diamond of dependencies is not a cycle") {
  const Loaded loaded = load_good(programs({{"top", "after = [\"left\", \"right\"]"},
                                            {"left", "after = [\"base\"]\nstop_timeout = \"1s\""},
                                            {"right", "after = [\"base\"]\nstop_timeout = \"1s\""},
                                            {"base", "stop_timeout = \"1s\""}}));
  CHECK(loaded.warnings.empty());
}

TEST_CASE("a stop that cannot fit into the deadline is a warning") {
  CHECK(
      load_good(programs({{"x", "stop_timeout = \"26s\""}})).warnings ==
      std::vector<std::string>{"holdfast.toml:3:16: [program.x] stop_timeout: 26s does not fit "
                               "into the 25s of the shutdown deadline of 30s: the rest is killed"});
  CHECK(load_good(programs({{"x", "stop_timeout = \"25s\""}})).warnings.empty());
  const auto chain =
      load_good(programs({{"a", "stop_timeout = \"20s\""}, {"b", "after = [\"a\"]"}})).warnings;
  REQUIRE(chain.size() == 1);
  CHECK(chain[0].find("'b' may take 30s to stop, and there are only 25s") != std::string::npos);
  CHECK(chain[0].find("raise supervisor.shutdown_deadline to 36s") != std::string::npos);
}

TEST_CASE("keys that have no effect without a schedule, or on a oneshot, are warnings") {
  const auto warnings = [](const std::string& keys) {
    std::string all;
    for (const std::string& warning : load_good(programs({{"x", keys}})).warnings)
      all += warning + "\n";
    return all;
  };
  const std::string oneshot = "type = \"oneshot\"\n";
  CHECK(warnings(oneshot + "jitter = \"1m\"").find("jitter has no effect") != std::string::npos);
  CHECK(warnings(oneshot + "catch_up = true").find("catch_up has no effect") != std::string::npos);
  CHECK(warnings(oneshot + "every = \"1h\"\ntimezone = \"UTC\"")
            .find("timezone has no effect without 'schedule'") != std::string::npos);
  CHECK(warnings(oneshot + "reload_signal = \"HUP\"").find("reload_signal has no effect") !=
        std::string::npos);
  CHECK(warnings(oneshot + "schedule = \"@daily\"\ntimezone = \"UTC\"\njitter = \"1m\"\n"
                           "catch_up = true\noverlap = \"queue\"\nrun_at_start = true")
            .empty());
}

TEST_CASE("several workers behind one metrics address are a warning") {
  const std::string address = "metrics = \"http://127.0.0.1:9100\"\n";
  const auto warnings = load_good(programs({{"x", address + "replicas = 2"}})).warnings;
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].find("metrics: 2 workers share one address") != std::string::npos);
  CHECK(load_good(programs({{"x", address}})).warnings.empty());
  CHECK(load_good(programs({{"x", "metrics = \"socket\"\nreplicas = 2"}})).warnings.empty());
}

TEST_CASE("two programs behind one metrics address are a warning, however it is spelled") {
  const auto warnings = [](const std::string& a, const std::string& b, const std::string& keys) {
    return load_good(programs({{"a", "metrics = \"" + a + "\"\n" + keys},
                               {"b", "metrics = \"" + b + "\""}}))
        .warnings;
  };
  const auto one = warnings("http://127.0.0.1:9100/metrics", "http://127.0.0.1:9100/metrics", "");
  REQUIRE(one.size() == 1);
  CHECK(one[0].find("[program.b] metrics: 'http://127.0.0.1:9100/metrics' is the address of "
                    "[program.a], too") != std::string::npos);
  CHECK(warnings("http://localhost:80", "http://127.0.0.1/metrics", "").size() == 1);
  CHECK(warnings("unix:/run/x.sock", "unix:/run/x.sock", "").size() == 1);
  // Of a program with a port for each worker, one of them.
  CHECK(warnings("http://127.0.0.1:{port}/metrics", "http://127.0.0.1:9001/metrics",
                 "port = 9000\nreplicas = 2")
            .size() == 1);
  CHECK(warnings("http://127.0.0.1:{port}/metrics", "http://127.0.0.1:9002/metrics",
                 "port = 9000\nreplicas = 2")
            .empty());
  CHECK(warnings("http://127.0.0.1:9100/metrics", "http://127.0.0.1:9100/other", "").empty());
  CHECK(warnings("socket", "socket", "").empty());
}

TEST_CASE("a deadline that does not fit into the container's stop grace is a warning") {
  CHECK(load_good("[supervisor]\nstop_grace = \"30s\"").warnings ==
        std::vector<std::string>{
            "holdfast.toml:2:14: [supervisor] stop_grace: everything is killed after 30s, and the "
            "shutdown deadline of 30s needs 31s: raise the grace of the container's runtime or "
            "lower the deadline"});
  CHECK(load_good("[supervisor]\nstop_grace = \"31s\"").warnings.empty());
  CHECK(load_good("[supervisor]\nstop_grace = \"10s\"\nshutdown_deadline = \"9s\"\n" +
                  programs({{"x", "stop_timeout = \"5s\""}}))
            .warnings.empty());
}

TEST_CASE("a oneshot's stop timeout is not part of a chain") {
  CHECK(load_good(programs({{"setup", "type = \"oneshot\"\nstop_timeout = \"1h\""},
                            {"b", "after = [\"setup\"]"}}))
            .warnings.empty());
}

TEST_CASE("a listener that nobody uses is a warning") {
  const auto warnings =
      load_good("[listen.http]\naddress = \"0.0.0.0:80\"\n" + programs({{"x", ""}})).warnings;
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].starts_with("holdfast.toml:1:9: [listen.http] no program names"));
}

TEST_CASE("durability for SQLite is pointless with PostgreSQL") {
  const auto warnings =
      load_good("[store]\nurl = \"postgres://h/d\"\nrelaxed_durability = true").warnings;
  REQUIRE(warnings.size() == 1);
  CHECK(warnings[0].starts_with("holdfast.toml:3:22: [store] relaxed_durability has no effect"));
}

TEST_CASE("a runtime directory must leave room for the workers' socket paths") {
  const std::string text =
      load_bad("[supervisor]\nruntime_dir = \"/" + std::string(90, 'r') + "\"");
  CHECK(count_lines(text) == 1);
  CHECK(text.starts_with("holdfast.toml:2:15: [supervisor] runtime_dir: '/rrr"));
  CHECK(text.find("the system allows 107") != std::string::npos);
  // Where a socket's path ends in unix:/path.sock:/target.
  CHECK(load_bad("[supervisor]\nruntime_dir = \"/srv/a:/run\"").find("ends with ':'") !=
        std::string::npos);
}

namespace {

std::string warnings_for(const std::string& text) {
  std::string all;
  for (const std::string& warning : load_good(text).warnings)
    all += warning + "\n";
  return all;
}

}  // namespace

TEST_CASE("what names clients for nobody is a warning") {
  const std::string program = "[program.x]\ncommand = [\"x\"]\nsockets = [\"http\"]\n";
  const std::string proxied = program + "[listen.http]\nproxy_protocol = true\n";
  const std::string trusted = "[http]\ntrusted_proxies = [\"10.0.0.0/8\"]\n";
  CHECK(warnings_for(proxied).find("[listen.http] proxy_protocol has no effect") !=
        std::string::npos);
  CHECK(warnings_for(proxied + trusted).empty());
  CHECK(warnings_for(proxied + "address = \"unix:/run/x.sock\"\n").empty());
  const std::string forwarded = "forwarded_field = \"Forwarded\"\n";
  CHECK(
      warnings_for(program + "[http]\n" + forwarded).find("[http] forwarded_field has no effect") !=
      std::string::npos);
  CHECK(warnings_for(program + trusted + forwarded).empty());
  CHECK(
      warnings_for(program + "[listen.http]\naddress = \"unix:/run/x.sock\"\n[http]\n" + forwarded)
          .empty());
  CHECK(load_bad("[http]\nforwarded_field = \"X-Real-IP\"").find("is not one of") !=
        std::string::npos);
  const std::string probed = program +
                             "health = \"http://127.0.0.1:80/\"\n[listen.http]\n"
                             "address = \"127.0.0.1:80\"\nproxy_protocol = true\n" +
                             trusted;
  CHECK(warnings_for(probed).find("[program.x] health: the probe sends no PROXY header") !=
        std::string::npos);
}

TEST_CASE("a blocking listener is none that a worker of Holdfast's own has") {
  const std::string blocking = "[listen.web]\naddress = \"127.0.0.1:80\"\nblocking = true\n";
  const std::string foreign = "[program.x]\ncommand = [\"x\"]\nsockets = [\"web\"]\n";
  CHECK(warnings_for(blocking + foreign).empty());
  const std::string both =
      blocking + foreign +
      "[program.api]\ncommand = [\"holdfast-api-worker\"]\nsockets = [\"web\"]\n";
  CHECK(load_bad(both).find("[listen.web] blocking: 'api' has the socket too") !=
        std::string::npos);
}

TEST_CASE("files for TLS to Redis belong to rediss://, and certificate and key together") {
  const std::string tls = "[rate_limit]\nredis_url = \"rediss://u:p@h:1/0\"\n";
  CHECK(warnings_for(tls + "redis_ca_file = \"/ca\"\nredis_cert_file = \"/c\"\n"
                           "redis_key_file = \"/k\"")
            .empty());
  CHECK(warnings_for("[rate_limit]\nredis_url = \"redis://h\"\nredis_ca_file = \"/ca\"")
            .find("redis_ca_file has no effect") != std::string::npos);
  CHECK(load_bad(tls + "redis_cert_file = \"/c\"").find("a certificate and its key go together") !=
        std::string::npos);
  CHECK(load_bad(tls + "redis_key_file = \"/k\"").find("redis_key_file: a certificate and") !=
        std::string::npos);
  CHECK(load_bad(tls + "redis_ca_file = \"ca.pem\"").find("must be an absolute path") !=
        std::string::npos);
  CHECK(load_bad("[rate_limit]\nredis_url = \"rediss://u:s3cret@h:x\"").find("s3cret") ==
        std::string::npos);
}

TEST_CASE("watch: its patterns, its default delay, and keys that do nothing without it") {
  const std::string x = "[program.x]\ncommand = [\"x\"]\n";
  const Loaded loaded =
      load_good(x + "watch = [\"src/**/*.js\", \"../common\"]\nwatch_ignore = [\"*.tmp\"]\n");
  const Program& program = program_named(loaded.config, "x");
  CHECK(program.watch == std::vector<std::string>{"src/**/*.js", "../common"});
  CHECK(program.watch_ignore == std::vector<std::string>{"*.tmp"});
  CHECK(program.watch_delay == 300ms);
  CHECK_FALSE(program.watch_dependants);
  CHECK(loaded.warnings.empty());
  CHECK(load_bad(x + "watch = true").find("[\"**\"] is every file below") != std::string::npos);
  CHECK(load_bad(x + "watch = \"src\"").find("3:9: ") != std::string::npos);
  CHECK(load_bad(x + "watch = [\"src\", \"\"]").find("must not be empty") != std::string::npos);
  CHECK(load_bad(x + "watch_delay = \"1ms\"").find("watch_delay") != std::string::npos);
  const auto warnings = load_good(x + "watch_delay = \"1s\"\nwatch_dependants = true").warnings;
  REQUIRE(warnings.size() == 2);
  CHECK(warnings[0].find("watch_delay has no effect without 'watch'") != std::string::npos);
  const auto at_times =
      load_good(x + "type = \"oneshot\"\nevery = \"1h\"\nwatch = [\"**\"]").warnings;
  REQUIRE(at_times.size() == 1);
  CHECK(at_times[0].find("watch has no effect: what runs at times") != std::string::npos);
}

TEST_CASE("log_file: a name that the rotation of another file takes is refused") {
  const auto with = [](const std::string& common, const std::string& own) {
    return "[log]\nfile = \"/d/app.log\"\n" +
           programs({{"a", "log_file = \"" + common + "\""}, {"b", "log_file = \"" + own + "\""}});
  };
  for (const char* taken : {"/d/a.log.1", "/d/a.log.12", "/d/a.log.kept", "/d/./x/../a.log.1"}) {
    INFO(taken);
    const std::string expected =
        "[program.b] log_file: the rotation of '/d/a.log', which is that "
        "of [program.a], takes the name '" +
        std::string(taken) + "'";
    CHECK(load_bad(with("/d/a.log", taken)).find(expected) != std::string::npos);
  }
  CHECK(load_bad(with("/d/a.log", "/d/app.log.2")).find("which is that of [log], takes") !=
        std::string::npos);
  CHECK(load_bad("[log]\nfile = \"/d/a.log.1\"\n" + programs({{"a", "log_file = \"/d/a.log\""}}))
            .find("[log] file: the rotation of '/d/a.log'") != std::string::npos);
  for (const char* free : {"/d/b.log.1", "/d/a.log.old", "/d/a.1.log", "/d/a.log.", "/e/a.log.1"}) {
    INFO(free);
    CHECK(load_good(with("/d/a.log", free)).warnings.empty());
  }
}

}  // namespace holdfast::config
