// SPDX-License-Identifier: Apache-2.0
#include "common/log/gathering_output.hpp"

#include "common/log/eager_writer.hpp"
#include "common/log/logger.hpp"

#include <algorithm>
#include <chrono>
#include <mutex>
#include <utility>

namespace holdfast::log {

namespace {

// Written when there is so much, though the turn goes on.
constexpr std::size_t kWriteAt = kMaxLine;
// Held while the reader takes nothing. The pages are only used once they are needed.
constexpr std::size_t kCapacity = 1u << 20;
constexpr int kLastChanceMs = 500;

std::uint64_t count_lines(std::string_view text) {
  return static_cast<std::uint64_t>(std::count(text.begin(), text.end(), '\n'));
}

// Outlives the Output while a deferred flush is pending.
class Gatherer {
 public:
  explicit Gatherer(int fd) : writer_(fd) {
    lines_.bytes = std::make_unique_for_overwrite<char[]>(kCapacity);
    lines_.fd = writer_.fd();
  }

  // True if a flush has to be deferred.
  bool add(std::string_view line, bool urgent) {
    const std::lock_guard lock(mutex_);
    if (size() + line.size() > kWriteAt) flush_locked();
    if (size() + line.size() > kCapacity) {
      dropped_.fetch_add(count_lines(line), std::memory_order_relaxed);
      return false;
    }
    const std::size_t before = size();
    std::copy(line.begin(), line.end(), lines_.bytes.get() + before);
    lines_.size.store(before + line.size(), std::memory_order_release);
    if (urgent) {
      flush_locked();
      return false;
    }
    return !std::exchange(deferred_, true);
  }

  // At the end of a turn.
  void flush() {
    const std::lock_guard lock(mutex_);
    deferred_ = false;
    flush_locked();
  }

  // What was not taken at once.
  void flush_rest() {
    const std::lock_guard lock(mutex_);
    flush_locked();
  }

  void finish() {
    const std::lock_guard lock(mutex_);
    flush_locked();
    const auto deadline =
        std::chrono::steady_clock::now() + std::chrono::milliseconds(kLastChanceMs);
    while (size() > 0 && std::chrono::steady_clock::now() < deadline) {
      if (writer_.wait(kLastChanceMs / 10)) flush_locked();
    }
    drop_locked();
  }

  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }
  const WaitingLines& lines() const { return lines_; }

 private:
  std::size_t size() const { return lines_.size.load(std::memory_order_relaxed); }

  void flush_locked() {
    const std::size_t before = size();
    if (before == 0) return;
    if (!lines_.take()) return;  // this process is crashing, and the handler writes them
    char* const bytes = lines_.bytes.get();
    const EagerWriter::Written written = writer_.write({bytes, before});
    // While the rest moves to the front, a crash must not find it twice.
    lines_.size.store(0, std::memory_order_release);
    std::copy(bytes + written.bytes, bytes + before, bytes);
    lines_.size.store(before - written.bytes, std::memory_order_release);
    lines_.give_back();
    if (written.failed) drop_locked();
  }

  void drop_locked() {
    dropped_.fetch_add(count_lines({lines_.bytes.get(), size()}), std::memory_order_relaxed);
    lines_.size.store(0, std::memory_order_release);
  }

  std::mutex mutex_;
  EagerWriter writer_;
  WaitingLines lines_;
  std::atomic<std::uint64_t> dropped_{0};
  bool deferred_ = false;
};

class GatheringOutput final : public Output {
 public:
  GatheringOutput(int fd, Defer defer)
      : gatherer_(std::make_shared<Gatherer>(fd)), defer_(std::move(defer)) {}
  ~GatheringOutput() override { gatherer_->finish(); }

  void write(std::string_view line, bool urgent) override {
    if (!gatherer_->add(line, urgent)) return;
    try {
      defer_([gatherer = gatherer_] { gatherer->flush(); });
    } catch (...) {  // out of memory: write now
      gatherer_->flush();
    }
  }
  void flush() override { gatherer_->flush_rest(); }
  std::uint64_t dropped() const override { return gatherer_->dropped(); }
  const WaitingLines* waiting() const override { return &gatherer_->lines(); }

 private:
  const std::shared_ptr<Gatherer> gatherer_;
  const Defer defer_;
};

}  // namespace

std::unique_ptr<Output> make_gathering_output(int fd, Defer defer) {
  return std::make_unique<GatheringOutput>(fd, std::move(defer));
}

}  // namespace holdfast::log
