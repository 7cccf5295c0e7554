// SPDX-License-Identifier: Apache-2.0
// The other process of the tests: store_child MODE URL [NAME]
//   migrate  prints "FROM TO"
//   create   once its input is closed, stores documents for ever, one at a time; a line for each
//   work     claims, starts and embeds for ever; prints "s JOB FENCE" and "d JOB FENCE"
//   hold     registers NAME, claims and starts one job, prints "held", lives until killed
//   restore  puts the file NAME in the place of the database and prints each step; told one of
//   them,
//            it is killed there; told "obstruct", it does not get past the log
//   lock     takes the write lock, prints "held", lives until killed
//   read     reads by SQLite alone, prints "reads", lives until killed
//   nobody   gives up root, then opens and migrates; prints both errors

#include "common/base/failpoint.hpp"
#include "common/base/id.hpp"
#include "common/store/maintenance.hpp"
#include "common/store/sqlite/write_lock.hpp"
#include "common/store/store.hpp"

#include <SQLiteCpp/SQLiteCpp.h>
#include <grp.h>
#include <signal.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <future>
#include <string>
#include <thread>

namespace {

using namespace holdfast;
using namespace holdfast::store;

// One write, so that a kill never leaves half a line.
void say(const std::string& line) {
  const std::string text = line + "\n";
  if (::write(1, text.data(), text.size()) < 0) std::_Exit(3);
}

[[noreturn]] void give_up(const Error& error) {
  say("error " + error.message);
  std::_Exit(2);
}

template <class T, class Call>
T await(Call&& call) {
  std::promise<Result<T>> promise;
  call(Callback<T>([&](Result<T> result) { promise.set_value(std::move(result)); }));
  Result<T> result = promise.get_future().get();
  if (!result) give_up(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

int migrate(const std::string& url) {
  const auto report = migrate_store(url);
  if (!report) give_up(report.error());
  say(fmt::format("{} {}", report->from, report->to));
  return 0;
}

std::string fatal_step;
std::filesystem::path folder;

// Where the log's index would be moved to there is a directory.
void obstruct() {
  std::vector<std::filesystem::path> kept;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().native().find(".replaced-") != std::string::npos) kept.push_back(entry.path());
  }
  for (const auto& path : kept)
    std::filesystem::create_directory(path.native() + "-shm");
}

int read_alone(const std::string& url) {
  SQLite::Database database(url.substr(url.find("//") + 2), SQLite::OPEN_READONLY);
  database.execAndGet("SELECT count(*) FROM document");
  say("reads");
  for (;;)
    ::pause();
}

int hold_lock(const std::string& url) {
  auto lock = sqlite::WriteLock::open(url.substr(url.find("//") + 2));
  if (!lock) give_up(lock.error());
  const auto guard = lock->acquire();
  if (!guard) give_up(guard.error());
  say("held");
  for (;;)
    ::pause();
}

int restore(const std::string& url, const std::string& source) {
  const auto report = restore_store(url, source);
  if (!report) give_up(report.error());
  return report->restored.problems.empty() ? 0 : 1;
}

void create_for_ever(Store& store) {
  say("ready");
  char byte = 0;
  while (::read(0, &byte, 1) > 0) {
  }
  for (;;) {
    NewDocument document;
    document.id = make_uuid();
    document.content = "a document of some words";
    await<Created>([&](auto done) { store.create_document(document, done); });
    say(document.id);
  }
}

std::string document_of(const Job& job) {
  // {"document_id":"…", …}
  const std::size_t begin = job.payload.find(":\"") + 2;
  return job.payload.substr(begin, job.payload.find('"', begin) - begin);
}

std::int64_t register_worker(Store& store, const std::string& name,
                             const std::string& predecessor) {
  return await<std::int64_t>([&](auto done) {
    store.register_worker({name, 1, predecessor}, std::chrono::seconds(30), done);
  });
}

std::vector<Job> claim(Store& store, std::int64_t worker, std::uint32_t limit) {
  ClaimRequest request;
  request.worker_id = worker;
  request.limit = limit;
  return await<std::vector<Job>>([&](auto done) { store.claim(request, done); });
}

void embed(Store& store, const Job& job) {
  std::vector<Chunk> chunks(2);
  for (std::size_t i = 0; i < chunks.size(); ++i) {
    chunks[i].ordinal = static_cast<std::int64_t>(i);
    chunks[i].text = fmt::format("chunk {} by fence {}", i, job.fence);
    chunks[i].vector = {1, 0};
  }
  await<void>([&](auto done) {
    store.complete_embedding({job.id, job.fence}, document_of(job), 1,
                             EmbeddedText(std::move(chunks)), done);
  });
}

void work_for_ever(Store& store, const std::string& name) {
  const std::int64_t worker = register_worker(store, name, "signal 9 (SIGKILL)");
  for (;;) {
    const auto jobs = claim(store, worker, 4);
    // The poll of a worker without a doorbell.
    if (jobs.empty()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    for (const Job& job : jobs) {
      say(fmt::format("s {} {}", job.id, job.fence));
    }
    for (const Job& job : jobs) {
      embed(store, job);
      say(fmt::format("d {} {}", job.id, job.fence));
    }
  }
}

void hold(Store& store, const std::string& name) {
  const std::int64_t worker = register_worker(store, name, "");
  const auto jobs = claim(store, worker, 1);
  if (jobs.empty()) std::_Exit(4);
  say("held");
  for (;;)
    ::pause();
}

int as_nobody(const std::string& url) {
  if (::geteuid() == 0 &&
      (::setgroups(0, nullptr) != 0 || ::setgid(65534) != 0 || ::setuid(65534) != 0)) {
    return 5;
  }
  const SystemClock clock;
  const auto opened = open_store(url, {}, clock);
  say(opened ? "opened"
             : fmt::format("{}: {}", to_string(opened.error().kind), opened.error().message));
  const auto migrated = migrate_store(url);
  say(migrated ? "migrated"
               : fmt::format("{}: {}", to_string(migrated.error().kind), migrated.error().message));
  return 0;
}

}  // namespace

namespace holdfast {

void failpoint(FaultStep step, std::string_view about) {
  if (step != FaultStep::Replacing) return;
  say(std::string(about));
  if (about == fatal_step) ::raise(SIGKILL);
  if (about == "linked" && fatal_step == "obstruct") obstruct();
}

}  // namespace holdfast

int main(int argc, char** argv) {
  if (argc < 3) return 64;
  const std::string mode = argv[1];
  const std::string url = argv[2];
  const std::string name = argc > 3 ? argv[3] : "queue-worker.0";
  if (mode == "migrate") return migrate(url);
  if (mode == "nobody") return as_nobody(url);
  if (mode == "lock") return hold_lock(url);
  if (mode == "read") return read_alone(url);
  if (mode == "restore") {
    fatal_step = argc > 4 ? argv[4] : "";
    folder = std::filesystem::path(name).parent_path();
    return restore(url, name);
  }
  const SystemClock clock;
  auto store = open_store(url, {}, clock);
  if (!store) give_up(store.error());
  if (mode == "create") create_for_ever(**store);
  if (mode == "work") work_for_ever(**store, name);
  if (mode == "hold") hold(**store, name);
  return 64;
}
