// SPDX-License-Identifier: Apache-2.0
// A log whose disk hangs: nothing waits for it, and nothing is lost or written twice when it is
// back.
#include "supervisor/logs/background_sink.hpp"

#include "tests/support/catch.hpp"
#include "tests/support/wait.hpp"
#include "tests/unit/logs/relay_fixture.hpp"

#include <poll.h>

#include <condition_variable>
#include <mutex>

using namespace holdfast;
using namespace holdfast::supervisor::logs;
using namespace holdfast::supervisor::logs::test;
using holdfast::test::wait_until;
using Outcome = LogSink::Outcome;

namespace {

// What a test sees of the disk, and does to it.
struct Disk {
  std::mutex mutex;
  std::condition_variable changed;
  bool frozen = false;
  int os_error = 0;  // of the writes to come
  std::string text;
  int reopened = 0;

  void set(bool hangs, int error = 0) {
    const std::lock_guard lock(mutex);
    frozen = hangs;
    os_error = error;
    changed.notify_all();
  }
  std::string written() {
    const std::lock_guard lock(mutex);
    return text;
  }
};

class DiskSink final : public LogSink {
 public:
  explicit DiskSink(std::shared_ptr<Disk> disk) : disk_(std::move(disk)) {}
  Written write(std::string_view lines) override {
    std::unique_lock lock(disk_->mutex);
    disk_->changed.wait(lock, [this] { return !disk_->frozen; });
    if (disk_->os_error != 0) return {0, Outcome::Failed, disk_->os_error};
    disk_->text += lines;
    return {lines.size(), Outcome::Done, 0};
  }
  int poll_fd() const override { return -1; }
  void reopen() override {
    const std::lock_guard lock(disk_->mutex);
    ++disk_->reopened;
  }

 private:
  std::shared_ptr<Disk> disk_;
};

struct Fixture {
  std::shared_ptr<Disk> disk = std::make_shared<Disk>();
  std::unique_ptr<LogSink> sink = *make_background_sink(std::make_unique<DiskSink>(disk));

  ~Fixture() { disk->set(false); }
  bool writable() const {
    pollfd waited{sink->poll_fd(), POLLOUT, 0};
    return ::poll(&waited, 1, 0) > 0;
  }
  // As RelayOutput does: what was not taken comes again, with more behind it.
  void write_all(std::string text) {
    REQUIRE(wait_until([&] {
      const auto written = sink->write(text);
      text.erase(0, written.bytes);
      return text.empty();
    }));
  }
};

}  // namespace

TEST_CASE("while the disk hangs a write returns, and its text is written once when it is back") {
  Fixture f;
  f.disk->set(true);
  CHECK(f.sink->write("one\n").outcome == Outcome::WouldBlock);
  CHECK_FALSE(f.writable());
  const auto again = f.sink->write("one\ntwo\n");
  CHECK(again.outcome == Outcome::WouldBlock);
  CHECK(again.bytes == 0);
  f.disk->set(false);
  REQUIRE(wait_until([&] { return f.writable(); }));
  f.write_all("one\ntwo\n");
  f.write_all("three\n");
  CHECK(f.disk->written() == "one\ntwo\nthree\n");
}

TEST_CASE("an error comes with its number, and what follows starts afresh") {
  Fixture f;
  f.disk->set(false, ENOSPC);
  LogSink::Written written;
  REQUIRE(wait_until([&] {
    written = f.sink->write("lost\n");
    return written.outcome != Outcome::WouldBlock;
  }));
  CHECK(written.outcome == Outcome::Failed);
  CHECK(written.os_error == ENOSPC);
  f.sink->skip_rest_of_line();
  f.disk->set(false);
  f.write_all("kept\n");
  CHECK(f.disk->written() == "kept\n");
}

TEST_CASE("what was given up while the disk hung does not count for what comes later") {
  Fixture f;
  f.disk->set(true);
  CHECK(f.sink->write("given up\n").outcome == Outcome::WouldBlock);
  f.sink->skip_rest_of_line();
  f.disk->set(false);
  REQUIRE(wait_until([&] { return f.writable(); }));
  f.write_all("new\n");
  CHECK(f.disk->written() == "given up\nnew\n");
}

TEST_CASE("the file is opened anew by the thread, also when nothing is written") {
  Fixture f;
  f.sink->reopen();
  CHECK(wait_until([&] {
    const std::lock_guard lock(f.disk->mutex);
    return f.disk->reopened == 1;
  }));
}

TEST_CASE("a sink whose disk hangs can be destroyed") {
  Fixture f;
  f.disk->set(true);
  CHECK(f.sink->write("one\n").outcome == Outcome::WouldBlock);
  f.sink.reset();
  f.disk->set(false);
}

TEST_CASE("with a log that hangs, programs write on, lose their own lines and see each other's") {
  auto disk = std::make_shared<Disk>();
  disk->set(true);
  RelayOptions options;
  options.stall_limit = std::chrono::milliseconds(10);
  Relay relay(*make_background_sink(std::make_unique<DiskSink>(disk)), options);
  const Fd loud = relay.worker(kFirst, "loud.0", StreamKind::Stdout);
  const Fd quiet = relay.worker(kSecond, "quiet.0", StreamKind::Stdout);
  const std::string line(1000, 'x');
  for (int i = 0; i < 4000; ++i)  // far more than the buffer; a write that blocked would hang here
    write_text(loud, line + "\n");
  write_text(quiet, "the one that matters\n");
  REQUIRE(wait_until([&] {
    return relay.relay.recent().last(10, {"quiet"}).text.find("the one that matters") !=
           std::string::npos;
  }));
  CHECK(relay.relay.counters().programs["loud"].dropped_lines > 0);
  CHECK(relay.relay.counters().programs["quiet"].dropped_lines == 0);
  disk->set(false);
  REQUIRE(relay.stop());
  CHECK(disk->written().find("the one that matters") != std::string::npos);
}
