// SPDX-License-Identifier: Apache-2.0
#include "common/config/diff.hpp"

#include "tests/unit/config/support.hpp"

namespace holdfast::config {

namespace {

// One line per section or key.
std::string differences(const std::string& before, const std::string& after,
                        const Environ& was = {}, const Environ& is = {}) {
  std::string out;
  for (const SectionDifference& difference :
       compare(load_good(before, was).config, load_good(after, is).config)) {
    using Kind = SectionDifference::Kind;
    if (difference.kind != Kind::Changed) {
      out +=
          fmt::format("{}[{}]\n", difference.kind == Kind::Added ? '+' : '-', difference.section);
    }
    for (const KeyDifference& key : difference.keys) {
      out += fmt::format("[{}] {} ({}): {} -> {}\n", difference.section, key.key,
                         to_string(key.effects), key.before, key.after);
    }
  }
  return out;
}

const std::string kTwo = R"(
[program.a]
command = ["a"]
[program.b]
command = ["b", "--token", "${TOKEN:-none}"]
environment = { MODE = "fast", API_KEY = "${KEY:-k}" }
)";

}  // namespace

TEST_CASE("the same configuration, otherwise written, has no differences") {
  CHECK(differences(kTwo, kTwo) == "");
  CHECK(differences("[log]\nlevel = \"info\"\n[http]\nidle_timeout = \"60s\"\n",
                    "[http]\nidle_timeout = \"1m\"\n") == "");
}

TEST_CASE("a reload tells what it changes outside of the programs, and nothing that it does not") {
  const auto lines = [](const std::string& before, const std::string& after) {
    return live_changes(load_good(before).config, load_good(after).config);
  };
  using Lines = std::vector<std::string>;
  const std::string receiver = "[alert_receiver.team]\ntype = \"webhook\"\nurl = \"http://a/\"\n";
  const std::string moved = "[alert_receiver.team]\ntype = \"webhook\"\nurl = \"http://b/\"\n";
  const std::string rule = "[alert_rule.HoldfastWorkerCrashed]\nwindow = \"7m\"\n";
  CHECK(lines(kTwo, kTwo) == Lines{});
  CHECK(lines(kTwo, kTwo + receiver) == Lines{"+ alert_receiver.team"});
  CHECK(lines(kTwo + receiver, kTwo + moved) == Lines{"~ alert_receiver.team: url"});
  CHECK(lines(kTwo + receiver, kTwo) == Lines{"- alert_receiver.team"});
  CHECK(lines(kTwo, kTwo + rule) == Lines{"~ alert_rule.HoldfastWorkerCrashed: window"});
  // The programs tell these themselves.
  CHECK(lines(kTwo, kTwo + "[program.c]\ncommand = [\"c\"]\n") == Lines{});
  CHECK(lines(kTwo, kTwo + "[supervisor]\nshutdown_deadline = \"9s\"\n") == Lines{});
}

TEST_CASE("each key that differs is named with its effect, and programs that come and go") {
  CHECK(differences(kTwo, R"(
environment = "development"
[supervisor]
max_starting = 8
[listen.x]
address = "127.0.0.1:1"
[program.b]
command = ["b"]
replicas = 3
stop_timeout = "3s"
environment = { MODE = "slow", API_KEY = "k", NEW = "1" }
[program.c]
command = ["c"]
sockets = ["x"]
)") == "[] environment (live): \"production\" -> \"development\"\n"
       "[supervisor] max_starting (live): 4 -> 8\n"
       "[log] level (live, roll): \"info\" -> \"debug\"\n"
       "[log] format (roll, next start): \"json\" -> \"pretty\"\n"
       "[http] metrics_allow (roll): [] -> [\"127.0.0.0/8\", \"::1/128\"]\n"
       "+[listen.x]\n"
       "[program.b] command (roll): [\"b\", \"--token\", \"[Redacted]\"] -> [\"b\"]\n"
       "[program.b] replicas (scale): 1 -> 3\n"
       "[program.b] environment.MODE (roll): \"fast\" -> \"slow\"\n"
       "[program.b] environment.NEW (roll):  -> \"1\"\n"
       "[program.b] stop_timeout (live): \"10s\" -> \"3s\"\n"
       "+[program.c]\n"
       "-[program.a]\n");
}

TEST_CASE("a section that a program reads is named with the program that a reload rolls") {
  const std::string stack = "[program.api-worker]\ncommand = [\"holdfast-api-worker\"]\n";
  CHECK(differences(stack, stack + "[http]\nstore_threads = 3\n") ==
        "[http] store_threads (roll): 2 -> 3\n"
        "[program.api-worker] [http] (roll):  -> \n");
}

TEST_CASE("secrets are compared, and never shown") {
  const std::string text = differences(kTwo, kTwo, {{"TOKEN", "hunter2"}, {"KEY", "hunter3"}},
                                       {{"TOKEN", "hunter4"}, {"KEY", "hunter5"}});
  CHECK(text ==
        "[program.b] command (roll): [\"b\", \"--token\", \"[Redacted]\"] -> [\"b\", \"--token\", "
        "\"[Redacted]\"]\n"
        "[program.b] environment.API_KEY (roll): \"[Redacted]\" -> \"[Redacted]\"\n");
  CHECK(differences("[rate_limit]\nredis_url = \"redis://:one@r/0\"\n",
                    "[rate_limit]\nredis_url = \"redis://:two@r/0\"\n") ==
        "[rate_limit] redis_url (roll): \"redis://:***@r/0\" -> \"redis://:***@r/0\"\n"
        "[program.api-worker] [rate_limit] (roll):  -> \n");
}

}  // namespace holdfast::config
