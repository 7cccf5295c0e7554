// SPDX-License-Identifier: Apache-2.0
#include "common/log/gathering_output.hpp"

#include "common/log/fd_writer.hpp"
#include "common/log/logger.hpp"

#include <algorithm>
#include <mutex>

namespace holdfast::log {

namespace {

constexpr std::size_t kCapacity = kMaxLine;

// Outlives the Output while a deferred flush is pending.
class Gatherer {
 public:
  explicit Gatherer(int fd) : writer_(fd, FdWriter::Mode::Direct) {
    lines_.bytes = std::make_unique<char[]>(kCapacity);
    lines_.fd = fd;
  }

  // True if a flush has to be deferred.
  bool add(std::string_view line, bool urgent) {
    const std::lock_guard lock(mutex_);
    std::size_t size = lines_.size.load(std::memory_order_relaxed);
    if (size + line.size() > kCapacity) {
      flush_locked();
      size = 0;
    }
    std::copy(line.begin(), line.end(), lines_.bytes.get() + size);
    lines_.size.store(size + line.size(), std::memory_order_release);
    if (urgent) {
      flush_locked();
      return false;
    }
    return !std::exchange(deferred_, true);
  }

  void flush() {
    const std::lock_guard lock(mutex_);
    deferred_ = false;
    flush_locked();
  }

  std::uint64_t dropped() const { return writer_.dropped(); }
  const WaitingLines& lines() const { return lines_; }

 private:
  void flush_locked() {
    const std::size_t size = lines_.size.load(std::memory_order_relaxed);
    if (size == 0) return;
    writer_.write({lines_.bytes.get(), size});
    lines_.size.store(0, std::memory_order_release);
  }

  std::mutex mutex_;
  FdWriter writer_;
  WaitingLines lines_;
  bool deferred_ = false;
};

class GatheringOutput final : public Output {
 public:
  GatheringOutput(int fd, Defer defer)
      : gatherer_(std::make_shared<Gatherer>(fd)), defer_(std::move(defer)) {}
  ~GatheringOutput() override { gatherer_->flush(); }

  void write(std::string_view line, bool urgent) override {
    if (!gatherer_->add(line, urgent)) return;
    try {
      defer_([gatherer = gatherer_] { gatherer->flush(); });
    } catch (...) {  // out of memory: write now
      gatherer_->flush();
    }
  }
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
