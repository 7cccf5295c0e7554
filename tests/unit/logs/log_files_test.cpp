// SPDX-License-Identifier: Apache-2.0
// The log files of single programs.
#include "common/os/file.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/logs/relay_fixture.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <condition_variable>

using namespace holdfast;
using namespace holdfast::supervisor;
using namespace holdfast::supervisor::logs;
using namespace holdfast::supervisor::logs::test;
using holdfast::test::wait_until;
namespace fs = std::filesystem;

namespace {

// The write end of a worker's standard output whose lines also go into `file`.
Fd worker_with_file(Relay& relay, const core::ProcessId& process, const std::string& name,
                    const fs::path& file, const FileAccess& access = {}) {
  Pipe pipe;
  LogStream stream;
  stream.process = process;
  stream.worker = name;
  stream.pid = 123;
  stream.pipe = std::move(pipe.read);
  stream.log_file = file;
  stream.log_access = access;
  REQUIRE(relay.relay.add_stream(std::move(stream)));
  return std::move(pipe.write);
}

std::string text_in(const fs::path& path) {
  return read_file(path).value_or("(none)");
}

bool file_has(const fs::path& path, std::string_view text) {
  return wait_until([&] { return text_in(path).find(text) != std::string::npos; });
}

// A disk that takes nothing until it is released.
class HungDisk {
 public:
  void release() {
    const std::lock_guard lock(mutex_);
    released_ = true;
    changed_.notify_all();
  }
  bool reached() const {
    const std::lock_guard lock(mutex_);
    return reached_;
  }
  void wait() {
    std::unique_lock lock(mutex_);
    reached_ = true;
    changed_.wait(lock, [this] { return released_; });
  }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  bool released_ = false;
  bool reached_ = false;
};

class HungSink final : public LogSink {
 public:
  explicit HungSink(std::shared_ptr<HungDisk> disk) : disk_(std::move(disk)) {}
  Written write(std::string_view lines) override {
    disk_->wait();
    return {lines.size(), Outcome::Done, 0};
  }
  int poll_fd() const override { return -1; }

 private:
  std::shared_ptr<HungDisk> disk_;
};

// Files below `hung` are on that disk.
RelayOptions with_hung_disk(const std::shared_ptr<HungDisk>& disk, const fs::path& hung,
                            const Clock& clock) {
  RelayOptions options;
  options.files.buffer = 4096;
  options.files.open = [disk, hung, &clock](const fs::path& path) -> std::unique_ptr<LogSink> {
    if (path.parent_path() == hung) return std::make_unique<HungSink>(disk);
    return make_lazy_file_sink(path, 0, 1, {}, clock);
  };
  return options;
}

}  // namespace

TEST_CASE("a program's lines are in its log file and in the log, the same bytes") {
  holdfast::test::TempDir dir;
  Relay relay(sink_to_file(dir / "all.log"));
  {
    const Fd web = worker_with_file(relay, kFirst, "web.0", dir / "web.log");
    const Fd other = relay.worker(kSecond, "other.0", StreamKind::Stdout);
    write_text(web, "one\n{\"msg\":\"two\"}\nunfinished");
    write_text(other, "not in the file\n");
  }
  REQUIRE(relay.stop());
  const auto lines = lines_of(text_in(dir / "web.log"));
  REQUIRE(lines.size() == 3);
  CHECK(lines[0].find("\"msg\":\"one\"") != std::string::npos);
  CHECK(lines[2].find("\"msg\":\"unfinished\"") != std::string::npos);
  const auto all = lines_of(text_in(dir / "all.log"));
  CHECK(all.size() == 4);
  for (const std::string& line : lines)
    CHECK(std::count(all.begin(), all.end(), line) == 1);
}

TEST_CASE("workers that name the same log file share it, and each line says whose it is") {
  holdfast::test::TempDir dir;
  Pipe log;
  Relay relay(sink_to(log.write));
  {
    const Fd first = worker_with_file(relay, kFirst, "web.0", dir / "web.log");
    const Fd second = worker_with_file(relay, kSecond, "web.1", dir / "web.log");
    for (int i = 0; i < 100; ++i) {
      write_text(first, "x\n");
      write_text(second, "y\n");
    }
  }
  REQUIRE(relay.stop());
  const std::string text = text_in(dir / "web.log");
  CHECK(lines_of(text).size() == 200);
  CHECK(text.find("\"worker\":\"web.0\"") != std::string::npos);
  CHECK(text.find("\"worker\":\"web.1\"") != std::string::npos);
}

TEST_CASE("a log file is rotated, and reopened after it was moved") {
  holdfast::test::TempDir dir;
  Pipe log;
  RelayOptions options;
  options.files.max_size = 4096;
  options.files.max_files = 3;
  Relay relay(sink_to(log.write), options);
  Collector reader(std::move(log.read));
  const Fd web = worker_with_file(relay, kFirst, "web.0", dir / "web.log");
  for (int i = 0; i < 200; ++i)
    write_text(web, std::string(100, 'x') + "\n");
  write_text(web, "before\n");
  REQUIRE(file_has(dir / "web.log", "before"));  // the last rotation is over
  CHECK(fs::file_size(dir / "web.log.1") <= 4096);
  CHECK(fs::exists(dir / "web.log.2"));
  CHECK_FALSE(fs::exists(dir / "web.log.3"));
  fs::rename(dir / "web.log", dir / "moved.log");
  relay.relay.reopen();
  // What is on its way may still go to the old one.
  REQUIRE(wait_until([&] {
    write_text(web, "after\n");
    return text_in(dir / "web.log").find("after") != std::string::npos;
  }));
  const auto moved = fs::file_size(dir / "moved.log");
  write_text(web, "later\n");
  CHECK(file_has(dir / "web.log", "later"));
  CHECK(fs::file_size(dir / "moved.log") == moved);
}

TEST_CASE("a log file that cannot be written is told once, and works when it can be") {
  holdfast::test::TempDir dir;
  Pipe log;
  Relay relay(sink_to(log.write));
  const Fd web = worker_with_file(relay, kFirst, "web.0", dir / "later" / "web.log");
  write_text(web, "lost\n");
  REQUIRE(wait_until([&] { return relay.observer.log_file_messages().size() == 1; }));
  write_text(web, "lost too\n");
  REQUIRE(wait_until([&] { return relay.relay.counters().file_dropped_lines["web"] == 2; }));
  fs::create_directory(dir / "later");
  write_text(web, "kept\n");
  REQUIRE(file_has(dir / "later" / "web.log", "kept"));
  REQUIRE(wait_until([&] { return relay.observer.log_file_messages().size() == 2; }));
  const auto messages = relay.observer.log_file_messages();
  CHECK(messages[0] == "web: log_file '" + (dir / "later" / "web.log").native() +
                           "' is losing lines: No such file or directory; they are in the log");
  CHECK(messages[1] == "web: log_file '" + (dir / "later" / "web.log").native() +
                           "' is written again; 2 lines are missing in all");
}

TEST_CASE("log file on a hung disk: nobody else waits, its lines are dropped and counted") {
  const SystemClock clock;
  holdfast::test::TempDir dir;
  const auto disk = std::make_shared<HungDisk>();
  Relay relay(sink_to_file(dir / "all.log"), with_hung_disk(disk, dir / "hung", clock));
  const Fd stuck = worker_with_file(relay, kFirst, "stuck.0", dir / "hung" / "stuck.log");
  const Fd fine = worker_with_file(relay, kSecond, "fine.0", dir / "fine.log");
  write_text(stuck, "first\n");
  REQUIRE(wait_until([&] { return disk->reached(); }));
  for (int i = 0; i < 100; ++i)
    write_text(stuck, std::string(100, 'x') + "\n");
  write_text(stuck, "last\n");
  write_text(fine, "written\n");
  CHECK(file_has(dir / "fine.log", "written"));
  CHECK(file_has(dir / "all.log", "last"));
  REQUIRE(wait_until([&] { return !relay.observer.log_file_messages().empty(); }));
  CHECK(relay.observer.log_file_messages().front().find("stuck: log_file") == 0);
  CHECK(relay.relay.counters().file_dropped_lines["stuck"] > 50);
  CHECK(relay.relay.counters().file_dropped_lines["fine"] == 0);

  disk->release();
  write_text(stuck, "again\n");
  REQUIRE(wait_until([&] { return relay.observer.log_file_messages().size() == 2; }));
  CHECK(relay.stop());
}

TEST_CASE("log file on a hung disk: the stop waits for it until the deadline and no longer") {
  static const SystemClock clock;  // the thread that hangs outlives the test
  holdfast::test::TempDir dir;
  const auto disk = std::make_shared<HungDisk>();
  {
    Relay relay(sink_to_file(dir / "all.log"), with_hung_disk(disk, dir / "hung", clock));
    const Fd stuck = worker_with_file(relay, kFirst, "stuck.0", dir / "hung" / "stuck.log");
    write_text(stuck, "first\n");
    REQUIRE(wait_until([&] { return disk->reached(); }));
    CHECK_FALSE(relay.relay.flush_and_stop(clock.mono() + std::chrono::milliseconds(50)));
  }
  CHECK(text_in(dir / "all.log").find("first") != std::string::npos);
  disk->release();
}

TEST_CASE("a new log file belongs to the given group, and a link in its place is refused") {
  holdfast::test::TempDir dir;
  Pipe log;
  Relay relay(sink_to(log.write));
  const bool root = ::geteuid() == 0;
  const gid_t group = root ? 4242 : ::getegid();
  const Fd web = worker_with_file(relay, kFirst, "web.0", dir / "web.log", {group, false, false});
  write_text(web, "x\n");
  REQUIRE(file_has(dir / "web.log", "\"x\""));
  struct stat info {};
  REQUIRE(::stat((dir / "web.log").c_str(), &info) == 0);
  CHECK(info.st_gid == group);
  CHECK((info.st_mode & 07137) == 0);  // 0640 less the umask

  fs::create_symlink(dir / "target", dir / "link.log");
  const Fd linked =
      worker_with_file(relay, kSecond, "api.0", dir / "link.log", {group, false, false});
  write_text(linked, "x\n");
  REQUIRE(wait_until([&] { return relay.relay.counters().file_dropped_lines["api"] == 1; }));
  CHECK_FALSE(fs::exists(dir / "target"));
}

TEST_CASE("what a stuck reader of the log makes it drop is in the log file") {
  holdfast::test::TempDir dir;
  Pipe log;  // nobody reads it
  RelayOptions options;
  options.buffer = 64u << 10;
  options.stall_limit = std::chrono::milliseconds(1);
  options.files.buffer = 64u << 20;
  Relay relay(sink_to(log.write), options);
  {
    const Fd web = worker_with_file(relay, kFirst, "web.0", dir / "web.log");
    for (int i = 0; i < 5000; ++i)
      write_text(web, std::string(100, 'x') + "\n");
    write_text(web, "the last line\n");
  }
  CHECK(file_has(dir / "web.log", "the last line"));
  CHECK(lines_of(text_in(dir / "web.log")).size() == 5001);
  CHECK(relay.relay.counters().programs["web"].dropped_lines > 0);
  CHECK(relay.relay.counters().file_dropped_lines["web"] == 0);
}
