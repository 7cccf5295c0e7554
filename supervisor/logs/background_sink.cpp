// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/background_sink.hpp"

#include "common/os/fd.hpp"
#include "common/os/signal_mask.hpp"

#include <poll.h>
#include <pthread.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>
#include <utility>

namespace holdfast::supervisor::logs {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kLargestJob = 1u << 20;
constexpr auto kUsualTime = 5ms;     // a disk that is well takes less
constexpr auto kLastChance = 100ms;  // for the thread, when the sink is destroyed
constexpr int kRoundMs = 100;

// An eventfd(2) is writable unless its counter is full.
class Latch {
 public:
  bool open() {
    fd_.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    return static_cast<bool>(fd_);
  }
  int fd() const { return fd_.get(); }
  void close_gate() {
    const std::uint64_t full = ~std::uint64_t{0} - 1;
    [[maybe_unused]] const ssize_t n = ::write(fd_.get(), &full, sizeof full);
  }
  void open_gate() {
    std::uint64_t count = 0;
    [[maybe_unused]] const ssize_t n = ::read(fd_.get(), &count, sizeof count);
  }

 private:
  Fd fd_;
};

// Also owned by the thread, which may outlive the BackgroundSink.
class Writer {
 public:
  explicit Writer(std::unique_ptr<LogSink> sink) : sink_(std::move(sink)) {}

  bool open() { return done_.open(); }
  int poll_fd() const { return done_.fd(); }
  std::uint64_t rotations() const { return rotations_.load(std::memory_order_relaxed); }

  LogSink::Written write(std::string_view lines) {
    std::unique_lock lock(mutex_);
    LogSink::Written result{0, LogSink::Outcome::WouldBlock, 0};
    if (state_ == State::Working) return result;
    if (state_ == State::Done) {
      result = take_result();
      if (result.outcome == LogSink::Outcome::Failed) return result;
      lines.remove_prefix(std::min(result.bytes, lines.size()));
    }
    if (lines.empty()) return {result.bytes, LogSink::Outcome::Done, 0};
    begin(lines);
    changed_.wait_for(lock, kUsualTime, [this] { return state_ == State::Done; });
    if (state_ != State::Done) return {result.bytes, LogSink::Outcome::WouldBlock, 0};
    const LogSink::Written now = take_result();
    return {result.bytes + now.bytes, now.outcome, now.os_error};
  }

  // The caller has given up what it passed on, and whatever becomes of that concerns nobody.
  void forget() {
    const std::lock_guard lock(mutex_);
    forgotten_ = state_ == State::Working;
    if (state_ == State::Done) state_ = State::Idle;
  }

  void reopen() {
    const std::lock_guard lock(mutex_);
    reopen_ = true;
    changed_.notify_all();
  }

  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      changed_.wait(lock, [this] { return stop_ || reopen_ || state_ == State::Working; });
      if (std::exchange(reopen_, false)) {
        lock.unlock();
        sink_->reopen();
        lock.lock();
      }
      if (state_ == State::Working) {
        work(lock);
      } else if (stop_) {
        return;
      }
    }
  }

  // Returns whether the thread is about to end.
  bool stop() {
    std::unique_lock lock(mutex_);
    stop_ = true;
    changed_.notify_all();
    return changed_.wait_for(lock, kLastChance, [this] { return state_ != State::Working; });
  }

 private:
  enum class State { Idle, Working, Done };

  void begin(std::string_view lines) {
    const std::size_t end =
        lines.size() <= kLargestJob ? lines.size() : lines.find('\n', kLargestJob);
    job_ = lines.substr(0, end == std::string_view::npos ? end : std::min(end + 1, lines.size()));
    state_ = State::Working;
    done_.close_gate();
    changed_.notify_all();
  }

  LogSink::Written take_result() {
    state_ = State::Idle;
    return std::exchange(result_, {});
  }

  void work(std::unique_lock<std::mutex>& lock) {
    const std::string job = std::exchange(job_, {});
    lock.unlock();
    const LogSink::Written written = write_all(job);
    lock.lock();
    result_ = written;
    state_ = std::exchange(forgotten_, false) ? State::Idle : State::Done;
    done_.open_gate();
    changed_.notify_all();
  }

  // Without the lock.
  LogSink::Written write_all(std::string_view job) {
    std::size_t total = 0;
    for (;;) {
      const LogSink::Written written = sink_->write(job);
      total += written.bytes;
      job.remove_prefix(std::min(written.bytes, job.size()));
      rotations_.store(sink_->rotations(), std::memory_order_relaxed);
      if (written.outcome == LogSink::Outcome::Failed) {
        sink_->skip_rest_of_line();  // what is left of it is dropped
        return {total, written.outcome, written.os_error};
      }
      if (written.outcome == LogSink::Outcome::Done) return {total, written.outcome, 0};
      pollfd waited{sink_->poll_fd(), POLLOUT, 0};
      ::poll(&waited, 1, kRoundMs);
    }
  }

  const std::unique_ptr<LogSink> sink_;  // the thread's
  Latch done_;
  std::mutex mutex_;
  std::condition_variable changed_;
  State state_ = State::Idle;
  std::string job_;
  LogSink::Written result_;
  bool forgotten_ = false;  // the result of the job under way
  bool reopen_ = false;
  bool stop_ = false;
  std::atomic<std::uint64_t> rotations_{0};
};

class BackgroundSink final : public LogSink {
 public:
  explicit BackgroundSink(std::shared_ptr<Writer> writer) : writer_(std::move(writer)) {}
  ~BackgroundSink() override {
    if (!thread_.joinable()) return;
    if (writer_->stop()) {
      thread_.join();
    } else {
      thread_.detach();
    }
  }

  Written write(std::string_view lines) override {
    if (!thread_.joinable()) start();
    return writer_->write(lines);
  }
  void skip_rest_of_line() override { writer_->forget(); }
  int poll_fd() const override { return writer_->poll_fd(); }
  void reopen() override {
    if (!thread_.joinable()) start();
    writer_->reopen();
  }
  std::uint64_t rotations() const override { return writer_->rotations(); }

 private:
  void start() {
    const SignalsBlocked inherited;
    thread_ = std::thread([writer = writer_] {
      ::pthread_setname_np(::pthread_self(), "log writer");
      writer->run();
    });
  }

  const std::shared_ptr<Writer> writer_;
  std::thread thread_;
};

}  // namespace

Result<std::unique_ptr<LogSink>> make_background_sink(std::unique_ptr<LogSink> sink) {
  auto writer = std::make_shared<Writer>(std::move(sink));
  if (!writer->open()) return fail_errno(errno, "open the log writer");
  return std::make_unique<BackgroundSink>(std::move(writer));
}

}  // namespace holdfast::supervisor::logs
