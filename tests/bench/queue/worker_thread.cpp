// SPDX-License-Identifier: Apache-2.0
#include "tests/bench/queue/worker_thread.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/eventfd.h>

#include <stdexcept>

namespace holdfast::bench {

void DoneCounter::job_ended(const queue::JobInfo& job, queue::AttemptResult result, Duration,
                            std::string_view detail) {
  if (result == queue::AttemptResult::Done) {
    ++done_;
  } else {
    fmt::print(stderr, "job {}: {}, {}\n", job.job_id, queue::to_string(result), detail);
  }
}

void DoneCounter::trouble(std::string_view what, const Error& error) {
  fmt::print(stderr, "{}: {}\n", what, error.message);
}

WorkerThread::WorkerThread(store::Store& store, embedding::Provider& provider)
    : busy_(boost::asio::make_work_guard(io_)) {
  Fd bell(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  const auto same = [&] { return Fd(::fcntl(bell.get(), F_DUPFD_CLOEXEC, 0)); };
  doorbell_ = protocol::Doorbell(same());
  store.watch_for_jobs([rung = std::make_shared<protocol::Doorbell>(same())] { rung->ring(); });
  auto listener = protocol::DoorbellListener::open(io_, std::move(bell));
  if (!listener) throw std::runtime_error(listener.error().message);
  queue::LoopOptions options;
  options.identity = {"bench.0", 1, ""};
  loop_ = queue::JobLoop::create({io_, store, provider, counter_, clock_}, std::move(options),
                                 std::move(*listener), {std::make_shared<worker::Beat>()});
  if (const auto started = loop_->start(); !started) {
    throw std::runtime_error(started.error().message);
  }
  thread_ = std::thread([this] { io_.run(); });
}

WorkerThread::~WorkerThread() {
  boost::asio::post(io_, [this] { loop_->drain([this] { io_.stop(); }); });
  thread_.join();
  loop_.reset();
}

}  // namespace holdfast::bench
