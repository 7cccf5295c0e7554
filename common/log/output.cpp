// SPDX-License-Identifier: Apache-2.0
#include "common/log/output.hpp"

#include "common/base/handoff.hpp"
#include "common/log/fd_writer.hpp"
#include "common/log/logger.hpp"
#include "common/os/signal_mask.hpp"
#include "common/os/thread.hpp"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/logger.h>
#include <spdlog/sinks/base_sink.h>

#include <atomic>
#include <mutex>

namespace holdfast::log {

namespace {

// Writes lines as they are: they were formatted by the logging thread.
class LineSink final : public spdlog::sinks::base_sink<std::mutex> {
 public:
  LineSink(int fd, FdWriter::Mode mode) : writer_(fd, mode) {}
  FdWriter& writer() { return writer_; }
  Handoff& handoff() { return handoff_; }

 protected:
  void sink_it_(const spdlog::details::log_msg& msg) override {
    handoff_.received();
    writer_.write({msg.payload.data(), msg.payload.size()});
  }
  void flush_() override {}  // nothing is buffered

 private:
  FdWriter writer_;
  Handoff handoff_;
};

void write_line(spdlog::logger& logger, std::string_view line) {
  // The line has its time already; spdlog's is not used, and reading a clock costs.
  logger.log(spdlog::log_clock::time_point{}, spdlog::source_loc{}, spdlog::level::info,
             spdlog::string_view_t(line.data(), line.size()));
}

class DirectOutput final : public Output {
 public:
  explicit DirectOutput(int fd)
      : sink_(std::make_shared<LineSink>(fd, FdWriter::Mode::Direct)), logger_("", sink_) {}

  void write(std::string_view line, bool) override { write_line(logger_, line); }
  std::uint64_t dropped() const override { return sink_->writer().dropped(); }

 private:
  std::shared_ptr<LineSink> sink_;
  spdlog::logger logger_;
};

void begin_thread() {
  block_all_signals();
  prepare_thread("log");
}

class QueuedOutput final : public Output {
 public:
  explicit QueuedOutput(int fd)
      : sink_(std::make_shared<LineSink>(fd, FdWriter::Mode::Interruptible)),
        pool_(std::make_shared<spdlog::details::thread_pool>(kQueueLines, 1, begin_thread)),
        logger_(std::make_shared<spdlog::async_logger>(
            "", sink_, pool_, spdlog::async_overflow_policy::overrun_oldest)) {}

  ~QueuedOutput() override {
    constexpr auto kLastChance = std::chrono::seconds(2);
    sink_->writer().give_up_at(std::chrono::steady_clock::now() + kLastChance);
    logger_.reset();
    pool_.reset();  // joins the thread once it has emptied the queue
  }

  void write(std::string_view line, bool) override {
    sink_->handoff().sent();
    write_line(*logger_, line);
  }
  std::uint64_t dropped() const override {
    return sink_->writer().dropped() + pool_->overrun_counter();
  }

 private:
  std::shared_ptr<LineSink> sink_;
  std::shared_ptr<spdlog::details::thread_pool> pool_;
  std::shared_ptr<spdlog::async_logger> logger_;
};

class ForwardingOutput final : public Output {
 public:
  explicit ForwardingOutput(std::function<void(std::string_view)> write)
      : write_(std::move(write)) {}
  void write(std::string_view line, bool) override {
    if (line.ends_with('\n')) line.remove_suffix(1);
    try {
      write_(line);
    } catch (...) {  // a lost line must not fail the caller
      dropped_.fetch_add(1, std::memory_order_relaxed);
    }
  }
  std::uint64_t dropped() const override { return dropped_.load(std::memory_order_relaxed); }

 private:
  std::function<void(std::string_view)> write_;
  std::atomic<std::uint64_t> dropped_{0};
};

}  // namespace

std::unique_ptr<Output> make_forwarding_output(std::function<void(std::string_view)> write) {
  return std::make_unique<ForwardingOutput>(std::move(write));
}
std::unique_ptr<Output> make_direct_output(int fd) {
  return std::make_unique<DirectOutput>(fd);
}
std::unique_ptr<Output> make_queued_output(int fd) {
  return std::make_unique<QueuedOutput>(fd);
}

}  // namespace holdfast::log
