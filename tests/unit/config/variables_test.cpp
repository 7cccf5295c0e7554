// SPDX-License-Identifier: Apache-2.0
#include "common/config/variables.hpp"

#include "common/config/show.hpp"
#include "tests/unit/config/support.hpp"

namespace holdfast::config {

namespace {

const Environ kEnviron{{"HOST", "db.internal"}, {"EMPTY", ""},         {"DB_PASSWORD", "hunter2"},
                       {"NUMBER", "7"},         {"BRACES", "${HOST}"}, {"PORT_LIKE", "99999"}};

// What a string of a file means; "complaint: …" if it is refused.
std::string meaning(const std::string& text) {
  Table table{{"key", {}, Value{Array{Value{text}}}}};
  Complaints complaints;
  std::set<std::string> secrets;
  replace_variables(table, kEnviron, complaints, secrets);
  const Value& item = std::get<Array>(table.front().value.data).front();
  if (!complaints.empty()) return "complaint: " + complaints.front().message;
  return std::get<std::string>(item.data);
}

const std::string kProgram = "[program.x]\ncommand = [\"sh\", \"-c\", \"true\"]\n";

}  // namespace

TEST_CASE("variables mean what they mean to docker compose, and only ${…} is one") {
  const std::pair<const char*, const char*> kCases[] = {
      {"${HOST}", "db.internal"},
      {"a ${HOST}:${NUMBER} b", "a db.internal:7 b"},
      {"${EMPTY}", ""},
      {"${EMPTY:-d}", "d"},
      {"${EMPTY-d}", ""},
      {"${NO:-d e}", "d e"},
      {"${NO-d}", "d"},
      {"${NO:-}", ""},
      {"${NO:-${HOST}}", "db.internal"},
      {"${NO:-${EMPTY:-x}}y", "xy"},
      {"${NO:-{\"a\":{}}}", "{\"a\":{}}"},
      {"${HOST:-${NO}}", "db.internal"},  // a default that is not used is not looked at
      {"${BRACES}", "${HOST}"},           // what replaced one is not looked at again
      // A shell's.
      {"$HOST $1 $$ $(id) $", "$HOST $1 $$ $(id) $"},
      {"$${HOST}", "${HOST}"},
      {"$${X%.*} $${#X}", "${X%.*} ${#X}"},
      {"$$${HOST}", "$db.internal"},
      {"$$$${HOST}", "$${HOST}"},
      // Slots' and others' braces.
      {"{slot} {{x}} {}", "{slot} {{x}} {}"},
      {"", ""},
  };
  for (const auto& [text, expected] : kCases) {
    INFO(text);
    CHECK(meaning(text) == expected);
  }
}

TEST_CASE("a variable that has no certain meaning is refused") {
  const std::pair<const char*, const char*> kCases[] = {
      {"${NO}", "'NO' is not set; write ${NO:-default}"},
      {"${NO:-${ALSO_NO}}", "'ALSO_NO' is not set"},
      {"${HOST", "'${' without '}'"},
      {"${}", "'${}' is neither"},
      {"${1}", "'${1}' is neither"},
      {"${HOST%.*}", "'${HOST%.*}' is neither"},
      {"${#HOST}", "'${#HOST}' is neither"},
      {"${HOST:?no}", "'${HOST:?no}' is neither"},
      {"${HOST:+x}", "'${HOST:+x}' is neither"},
      {"${ HOST }", "'${ HOST }' is neither"},
      {"${HOST-SUFFIX:", "'${' without '}'"},
      {"${HOLDFAST_SLOT:-0}", "'HOLDFAST_SLOT' is not the same in all processes"},
      {"${NOTIFY_SOCKET}", "'NOTIFY_SOCKET' is not the same in all processes"},
  };
  for (const auto& [text, expected] : kCases) {
    INFO(text << " -> " << meaning(text));
    CHECK(meaning(text).find(expected) != std::string::npos);
  }
}

TEST_CASE("variables stand in every string of a file, and nowhere else") {
  const Loaded loaded = load_good(R"(
environment = "${MODE:-development}"
[supervisor]
shutdown_deadline = "${NUMBER}s"
max_starting = "${NUMBER}"
[http]
trusted_proxies = ["10.0.0.0/8", "${NETWORK:-192.0.2.0/24}"]
[auth]
required = "${NO:-true}"
[program.x]
command = ["sh", "-c", "echo $$ $HOME $${HOST} ${HOST}"]
environment = { "HOST" = "${HOST}", B = "${EMPTY}" }
backoff_factor = "${NO:-1.5}"
)",
                                  kEnviron);
  const Config& config = loaded.config;
  const Program& program = program_named(config, "x");
  CHECK(config.environment == Environment::Development);
  CHECK(config.supervisor.shutdown_deadline == 7s);
  CHECK(config.supervisor.max_starting == 7);
  CHECK(config.http.trusted_proxies == std::vector<std::string>{"10.0.0.0/8", "192.0.2.0/24"});
  CHECK(config.auth.required);
  CHECK(program.command.back() == "echo $$ $HOME ${HOST} db.internal");
  CHECK(program.environment ==
        std::map<std::string, std::string>{{"HOST", "db.internal"}, {"B", ""}});
  CHECK(program.backoff_factor == 1.5);
}

TEST_CASE("a variable that is not set is one problem, with its place") {
  CHECK(load_bad("[listen.http]\naddress = \"${ADDRESS}\"\n[http]\ntrusted_proxies = [\n"
                 "  \"10.0.0.0/8\",\n  \"${NO}\"]\n" +
                     kProgram + "environment = { A = \"${NO}\" }\nsockets = [\"http\"]",
                 {}) ==
        "holdfast.toml:2:11: the environment variable 'ADDRESS' is not set; write "
        "${ADDRESS:-default} to give it a default, or $${ADDRESS} if it is meant for a shell\n"
        "holdfast.toml:6:3: the environment variable 'NO' is not set; write ${NO:-default} to give "
        "it a default, or $${NO} if it is meant for a shell\n"
        "holdfast.toml:9:21: the environment variable 'NO' is not set; write ${NO:-default} to "
        "give it a default, or $${NO} if it is meant for a shell");
}

TEST_CASE("a value that came from a variable is in no message") {
  for (const char* key :
       {"[supervisor]\nshutdown_deadline = \"${DB_PASSWORD}\"", "[log]\nlevel = \"${DB_PASSWORD}\"",
        "[supervisor]\nmax_starting = \"${DB_PASSWORD}\"",
        "[supervisor]\nstate_dir = \"x${DB_PASSWORD}\"",
        "[http]\nmetrics_allow = [\"${DB_PASSWORD}\"]",
        "[store]\nurl = \"my://a:${DB_PASSWORD}@db/x\"", "[queue]\nlease = \"${DB_PASSWORD}\""}) {
    const std::string text = load_bad(key, kEnviron);
    INFO(key << " -> " << text);
    CHECK(text.find("hunter2") == std::string::npos);
  }
  CHECK(load_bad("[supervisor]\nstop_grace = \"${PORT_LIKE}\"", kEnviron)
            .find("'${PORT_LIKE}' with its variables replaced is not a duration") !=
        std::string::npos);
}

TEST_CASE("what replaced a variable that sounds secret is masked wherever it is shown") {
  const std::string shown = show(load_good(R"(
[program.x]
command = ["x", "--password", "${DB_PASSWORD}", "--dsn=host=db password=${DB_PASSWORD}", "${HOST}"]
environment = { DSN = "${DB_PASSWORD}", PLAIN = "hunter" }
)",
                                           kEnviron)
                                     .config);
  INFO(shown);
  CHECK(shown.find("hunter2") == std::string::npos);
  CHECK(shown.find("\"db.internal\"") != std::string::npos);
  CHECK(shown.find("PLAIN = \"hunter\"") != std::string::npos);
}

TEST_CASE("what is shown loads again, whatever dollars are in it") {
  for (const char* text :
       {"$${A}", "$$$${A} $$ $x", "$$${HOST}", "$${", "${BRACES}", "{slot} $${port}", "$$$$$${{"}) {
    const Loaded first = load_good(
        fmt::format("[program.x]\ncommand = [\"x\"]\nenvironment = {{ A = \"{}\" }}", text),
        kEnviron);
    const std::string shown = show(first.config);
    INFO(text << " -> " << shown);
    CHECK(program_named(load_good(shown).config, "x").environment ==
          program_named(first.config, "x").environment);
  }
}

}  // namespace holdfast::config
