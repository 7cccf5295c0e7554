// SPDX-License-Identifier: Apache-2.0
// The command line of the store and the queue: what is understood, and what is done.
#include "queue-worker/commands.hpp"

#include "common/os/fd.hpp"
#include "common/os/file.hpp"
#include "common/store/store.hpp"
#include "common/text/utf8.hpp"
#include "queue-worker/migrate.hpp"
#include "tests/support/catch.hpp"
#include "tests/support/temp_dir.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <iostream>
#include <sstream>

using namespace holdfast;
using namespace holdfast::queue;

namespace {

ParsedCommand parse(std::vector<std::string> words) {
  words.insert(words.begin(), "holdfast-queue-worker");
  std::vector<char*> argv;
  for (std::string& word : words)
    argv.push_back(word.data());
  return parse_command(static_cast<int>(argv.size()), argv.data());
}

// A configuration and a migrated store with two dead jobs and a ready one.
struct Installation {
  Installation() {
    std::ofstream(dir / "holdfast.toml")
        << "[supervisor]\nstate_dir = \"" << dir.path().native() << "\"\n";
    const Fd quiet{::open("/dev/null", O_WRONLY | O_CLOEXEC)};
    REQUIRE(migrate(environ(), quiet.get()) == 0);
    const auto store = open();
    for (int i = 0; i < 3; ++i)
      post(*store, "d" + std::to_string(i));
    const auto worker = await<std::int64_t>([&](auto done) {
      store->register_worker({"queue-worker.0", 1, ""}, std::chrono::seconds(30), done);
    });
    store::ClaimRequest request;
    request.worker_id = *worker;
    request.limit = 2;
    const auto jobs =
        await<std::vector<store::Job>>([&](auto done) { store->claim(request, done); });
    for (const store::Job& job : *jobs) {
      REQUIRE(await<store::JobState>([&](auto done) {
        store->fail_job({{job.id, job.fence}, "broken", true, {}}, done);
      }));
    }
  }

  config::Environ environ() const {
    return {{"HOLDFAST_CONFIG", (dir / "holdfast.toml").string()}};
  }
  std::unique_ptr<store::Store> open() const {
    auto store = store::open_store("sqlite://" + (dir / "holdfast.db").string(), {}, clock);
    REQUIRE(store);
    return std::move(*store);
  }
  store::QueueStats stats() const { return open()->queue_stats("default").value(); }

  int run(const std::vector<std::string>& words) const {
    const ParsedCommand parsed = parse(words);
    REQUIRE(parsed.command);
    return run_command(*parsed.command, environ());
  }

  template <class T, class Call>
  static Result<T> await(Call&& call) {
    std::promise<Result<T>> promise;
    call(store::Callback<T>([&](Result<T> result) { promise.set_value(std::move(result)); }));
    return promise.get_future().get();
  }
  static void post(store::Store& store, const std::string& id) {
    store::NewDocument document;
    document.id = id;
    document.content = "text";
    REQUIRE(await<store::Created>([&](auto done) { store.create_document(document, done); }));
  }

  test::TempDir dir;
  SystemClock clock;
};

}  // namespace

TEST_CASE("filters of jobs are read from the command line") {
  const auto parsed = parse({"jobs", "retry", "7", "3", "7", "--status", "dead,waiting", "--kind",
                             "embed", "--older-than", "7d", "--limit", "5", "--yes", "--json"});
  REQUIRE(parsed.command);
  const Command& command = *parsed.command;
  CHECK(command.verb == CommandVerb::JobsRetry);
  CHECK(command.filter.ids == std::vector<std::int64_t>{3, 7});
  CHECK(command.filter.states ==
        std::vector<store::JobState>{store::JobState::Waiting, store::JobState::Dead});
  CHECK(command.filter.kind == "embed");
  CHECK(command.filter.older_than_ms == 7 * 86'400'000);
  CHECK(command.limit == 5);
  CHECK(command.yes);
  CHECK(command.json);
}

TEST_CASE("what is wrong on the command line is a usage error") {
  for (const std::vector<std::string>& words : {std::vector<std::string>{"jobs"},
                                                {"jobs", "explode"},
                                                {"jobs", "show"},
                                                {"jobs", "show", "x"},
                                                {"jobs", "list", "--status", "odd"},
                                                {"jobs", "list", "--limit", "0"},
                                                {"jobs", "list", "--older-than", "soon"},
                                                {"backup"},
                                                {"restore"},
                                                {"check", "extra"},
                                                {"migrate", "extra"},
                                                {"completion", "tcsh"}}) {
    CAPTURE(words);
    const ParsedCommand parsed = parse(words);
    CHECK_FALSE(parsed.command);
    CHECK(parsed.exit_code == 2);
  }
  CHECK(parse({"jobs", "retry", "--help"}).exit_code == 0);
}

TEST_CASE("what is no id of a job is told so, and is no id of another one") {
  for (const char* verb : {"show", "retry", "list"}) {
    for (const char* id : {"0", "x", "1.5", "1e3", "9223372036854775808", "99999999999999999999"}) {
      CAPTURE(verb, id);
      std::ostringstream said;
      std::streambuf* const usual = std::cerr.rdbuf(said.rdbuf());
      const ParsedCommand parsed = parse({"jobs", verb, id});
      std::cerr.rdbuf(usual);
      CHECK_FALSE(parsed.command);
      CHECK(parsed.exit_code == 2);
      CHECK(said.str().find("must be the id of a job, a whole number from 1 to "
                            "9223372036854775807") != std::string::npos);
    }
  }
  const ParsedCommand largest = parse({"jobs", "show", "9223372036854775807"});
  REQUIRE(largest.command);
  CHECK(largest.command->filter.ids == std::vector<std::int64_t>{INT64_MAX});
}

TEST_CASE("an option with an empty value is a usage error, and never one that was left out") {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"jobs", "pause", "--kind", ""},
        {"jobs", "pause", "--queue", ""},
        {"jobs", "resume", "--kind", ""},
        {"jobs", "cancel", "--queue", "", "--yes"},
        {"jobs", "discard", "--kind", "", "--yes"},
        {"jobs", "discard", "--older-than", "", "--yes"},
        {"jobs", "discard", "--status", "", "--yes"},
        {"jobs", "discard", "--status", ",", "--yes"},
        {"jobs", "retry", "--limit", "", "--yes"},
        {"jobs", "retry", "", "--yes"},
        {"jobs", "list", "--kind", ""},
        {"jobs", "show", ""},
        {"check", "--directory", ""},
        {"backup", ""},
        {"restore", ""},
        {"move", "--from", ""},
        {"move", "--from", "sqlite:///a.db", "--to", ""},
        {"completion", ""}}) {
    CAPTURE(words);
    const ParsedCommand parsed = parse(words);
    CHECK_FALSE(parsed.command);
    CHECK(parsed.exit_code == 2);
  }
  CHECK_FALSE(parse({"jobs", "pause", "--queue", "\xff"}).command);
  CHECK_FALSE(parse({"jobs", "pause", "--kind", std::string(101, 'k')}).command);
  CHECK(parse({"jobs", "pause", "--kind", std::string(100, 'k')}).command);
}

TEST_CASE("jobs are retried, cancelled and discarded, one by one or all that a filter names") {
  const Installation installation;
  CHECK(installation.run({"jobs", "list"}) == 0);
  CHECK(installation.run({"jobs", "show", "1"}) == 0);
  CHECK(installation.run({"jobs", "show", "4711"}) == 1);
  CHECK(installation.run({"jobs", "retry", "1"}) == 0);
  CHECK(installation.stats().dead == 1);
  CHECK(installation.run({"jobs", "retry", "1"}) == 1);
  CHECK(installation.run({"jobs", "cancel", "--yes", "--limit", "1"}) == 0);
  CHECK(installation.stats().cancelled == 1);
  CHECK(installation.run({"jobs", "discard", "--status", "dead", "--yes"}) == 0);
  CHECK(installation.stats().dead == 0);
  CHECK(installation.stats().cancelled == 1);
  CHECK(installation.run({"jobs", "discard", "4711"}) == 1);
}

TEST_CASE("a job that is named and left alone by the options is not called unknown") {
  const Installation installation;
  // Of two dead jobs one, as was asked for.
  CHECK(installation.run({"jobs", "retry", "1", "2", "--limit", "1"}) == 0);
  CHECK(installation.stats().dead == 1);
  // The third is ready.
  CHECK(installation.run({"jobs", "retry", "3", "--status", "dead"}) == 0);
  CHECK(installation.run({"jobs", "retry", "3", "4711", "--status", "dead"}) == 1);
  CHECK(installation.stats().ready == 2);
}

TEST_CASE("many jobs are changed only if somebody has confirmed their number") {
  const Installation installation;
  const Fd terminal{::dup(STDIN_FILENO)};
  const Fd nobody{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
  ::dup2(nobody.get(), STDIN_FILENO);
  CHECK(installation.run({"jobs", "discard", "--status", "dead"}) == 2);
  ::dup2(terminal.get(), STDIN_FILENO);
  CHECK(installation.stats().dead == 2);
  CHECK(installation.run({"jobs", "discard", "--status", "done"}) ==
        0);  // none: nothing to confirm
}

TEST_CASE("a queue is paused and resumed from the command line") {
  const Installation installation;
  CHECK(installation.run({"jobs", "pause"}) == 0);
  CHECK(installation.stats().paused);
  CHECK(installation.run({"jobs", "resume"}) == 0);
  CHECK(installation.run({"jobs", "pause", "--kind", "embed"}) == 0);
  CHECK_FALSE(installation.stats().paused);
  CHECK(installation.stats().paused_kinds.size() == 1);
}

TEST_CASE("what does not exist is not paused, and what was paused wrongly can be resumed") {
  const Installation installation;
  for (const std::vector<std::string>& wrong : {std::vector<std::string>{"--kind", "Embed"},
                                                {"--queue", "defualt"},
                                                {"--queue", "defualt", "--kind", "embed"}}) {
    CAPTURE(wrong);
    for (const char* const verb : {"pause", "resume"}) {
      std::vector<std::string> words{"jobs", verb};
      words.insert(words.end(), wrong.begin(), wrong.end());
      CHECK(installation.run(words) == 2);
    }
  }
  CHECK_FALSE(installation.stats().paused);
  CHECK(installation.stats().paused_kinds.empty());
  // As an older release did.
  const auto pause = [&](const std::string& queue, const std::string& kind) {
    const auto store = installation.open();
    REQUIRE(Installation::await<void>([&](auto done) { store->pause(queue, kind, done); }));
  };
  pause("default", "nope");
  pause("other", "");
  CHECK(installation.run({"jobs", "resume", "--kind", "nope"}) == 0);
  CHECK(installation.stats().paused_kinds.empty());
  CHECK(installation.run({"jobs", "resume", "--queue", "other"}) == 0);
  CHECK_FALSE(installation.open()->queue_stats("other")->paused);
}

TEST_CASE("the list of jobs cuts a long error between characters, and shows no control of it") {
  const Installation installation;
  {
    const auto store = installation.open();
    const auto worker = *Installation::await<std::int64_t>([&](auto done) {
      store->register_worker({"queue-worker.1", 1, ""}, std::chrono::seconds(30), done);
    });
    store::ClaimRequest request;
    request.worker_id = worker;
    request.limit = 1;
    const auto jobs = *Installation::await<std::vector<store::Job>>(
        [&](auto done) { store->claim(request, done); });
    REQUIRE(jobs.size() == 1);
    const std::string error = std::string(70, 'x') + "\xE2\x80\xAE" + "\n" + "12345" + "\xC3\xA4";
    REQUIRE(Installation::await<store::JobState>([&](auto done) {
      store->fail_job({{jobs[0].id, jobs[0].fence}, error, true, {}}, done);
    }));
  }
  test::TempDir dir;
  const Fd file{::open((dir / "list").c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600)};
  std::fflush(stdout);
  const Fd before{::dup(STDOUT_FILENO)};
  ::dup2(file.get(), STDOUT_FILENO);
  const int code = installation.run({"jobs", "list"});
  std::fflush(stdout);
  ::dup2(before.get(), STDOUT_FILENO);
  CHECK(code == 0);
  const std::string list = *read_file(dir / "list");
  CHECK(text::is_utf8(list));
  CHECK(list.find(std::string(70, 'x')) != std::string::npos);
  CHECK(list.find("\xE2\x80\xAE") == std::string::npos);
}

TEST_CASE("a store is checked, backed up and restored from the command line") {
  const Installation installation;
  const std::string copy = (installation.dir / "copy.db").string();
  CHECK(installation.run({"check"}) == 0);
  CHECK(installation.run({"backup", copy}) == 0);
  CHECK(installation.run({"backup", copy}) == 1);
  CHECK(installation.run({"backup", copy, "--force"}) == 0);
  CHECK(installation.run({"restore", (installation.dir / "missing.db").string()}) == 69);
  CHECK(installation.run({"restore", copy}) == 0);
  CHECK(installation.stats().dead == 2);
}

TEST_CASE(
    "a move is understood, goes from a file to a server only, and says what stands in its way") {
  const auto parsed =
      parse({"move", "--from", "sqlite:///a.db", "--to", "postgresql://holdfast@db.internal/docs"});
  REQUIRE(parsed.command);
  CHECK(parsed.command->verb == CommandVerb::Move);
  CHECK(parsed.command->from == "sqlite:///a.db");
  CHECK(parsed.command->to == "postgresql://holdfast@db.internal/docs");
  CHECK(parse({"move", "--from", "sqlite:///a.db"}).command->to.empty());
  for (const std::vector<std::string>& words : {std::vector<std::string>{"move"},
                                                {"move", "sqlite:///a.db"},
                                                {"move", "--from"},
                                                {"move", "--from", "sqlite:///a.db", "b"},
                                                {"move", "--to", "postgresql://h/b"}}) {
    CAPTURE(words);
    CHECK(parse(words).exit_code == 2);
  }

  const Installation installation;
  const std::string file = "sqlite://" + (installation.dir / "holdfast.db").string();
  const std::string nobody = "postgresql://holdfast@127.0.0.1:1/docs";
  // Without --to it is the configured store, which is the file itself.
  CHECK(installation.run({"move", "--from", file}) == 2);
  CHECK(installation.run({"move", "--from", nobody, "--to", file}) == 2);
  CHECK(installation.run({"move", "--from", "sqlite://relative.db", "--to", nobody}) == 2);
  CHECK(installation.run({"move", "--from", "sqlite:///nowhere/a.db", "--to", nobody}) == 69);
  {
    const auto user = installation.open();
    CHECK(installation.run({"move", "--from", file, "--to", nobody}) == 1);
  }
  CHECK(installation.run({"move", "--from", file, "--to", nobody}) == 69);
  CHECK(installation.stats().ready == 1);
}
