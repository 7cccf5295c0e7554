// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/probe_command.hpp"

#include "common/base/duration.hpp"
#include "common/text/utf8.hpp"

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/system/system_error.hpp>
#include <fmt/format.h>

#include <array>
#include <csignal>
#include <optional>
#include <utility>

namespace holdfast::supervisor {

namespace {

constexpr std::size_t kTail = 512;  // of the output, in which the last line is looked for
constexpr std::size_t kLongestReason = 200;

// The last line that is not empty, as it may stand in a message.
std::string last_line(std::string text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
    text.pop_back();
  const std::size_t begin = text.rfind('\n');
  if (begin != std::string::npos) text.erase(0, begin + 1);
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < ' ' || c == '\x7f') c = ' ';
  }
  return std::string(text::truncate_utf8(text, kLongestReason));
}

}  // namespace

// Lives until the process has been reaped, also after the probe was destroyed.
class CommandProbe::Run : public std::enable_shared_from_this<Run> {
 public:
  Run(boost::asio::io_context& io, const ProbeQuestion& question, Registry registry,
      OnAnswer on_answer)
      : io_(io),
        name_(to_string(question.probe)),
        timeout_(question.timeout),
        registry_(std::move(registry)),
        on_answer_(std::move(on_answer)),
        output_(io),
        deadline_(io) {}

  void start(const Launch& launch) {
    auto pipe = make_pipe();
    if (!pipe) return answer_soon(pipe.error().message);
    auto launched = launch(pipe->write.get());
    if (!launched) return answer_soon(process::describe(launched.error()));
    const pid_t pid = launched->pid;
    registry_.started(pid);
    try {
      child_.emplace(io_, std::move(*launched),
                     [self = shared_from_this(), pid](const Result<core::ExitStatus>& status) {
                       self->exited(pid, status);
                     });
      if (auto set = set_nonblocking(pipe->read.get()); set) {
        output_.assign(pipe->read.get());
        (void)pipe->read.release();
      }
    } catch (const boost::system::system_error& error) {
      if (::kill(-pid, SIGKILL) != 0) return answer_soon("it cannot be watched");
      if (!child_) registry_.ended(pid);
      return answer_soon(error.code().message());
    }
    if (output_.is_open()) read();
    deadline_.expires_after(timeout_);
    deadline_.async_wait([self = shared_from_this()](const boost::system::error_code& error) {
      if (!error) self->time_is_up();
    });
  }

  void end() {
    on_answer_ = nullptr;
    kill();
  }

 private:
  void kill() {
    deadline_.cancel();
    if (!child_) return;
    if (const auto sent = child_->signal(SIGKILL, true); !sent) return;  // it has ended
  }

  void read() {
    output_.async_read_some(
        boost::asio::buffer(room_),
        [self = shared_from_this()](const boost::system::error_code& error, std::size_t count) {
          self->keep(count);
          if (!error) self->read();
        });
  }

  void keep(std::size_t count) {
    tail_.append(room_.data(), count);
    if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
  }

  // What it wrote just before its end.
  void read_rest() {
    boost::system::error_code error;
    for (int i = 0; i < 64 && output_.is_open() && !error; ++i)
      keep(output_.read_some(boost::asio::buffer(room_), error));
    output_.close(error);
  }

  void time_is_up() {
    kill();
    answer({ProbeAnswer::Outcome::No, false,
            fmt::format("'{}' did not end within {}", name_, format_duration(timeout_))});
  }

  void exited(pid_t pid, const Result<core::ExitStatus>& status) {
    deadline_.cancel();
    registry_.ended(pid);
    read_rest();
    if (status && !status->signaled && status->value == 0)
      return answer({ProbeAnswer::Outcome::Yes, true, {}});
    std::string reason = fmt::format("'{}' ended with {}", name_,
                                     status ? core::describe(*status) : status.error().message);
    if (const std::string line = last_line(tail_); !line.empty()) reason += ": " + line;
    answer({ProbeAnswer::Outcome::No, false, std::move(reason)});
  }

  void answer_soon(const std::string& why) {
    boost::asio::post(io_, [self = shared_from_this(), why] {
      self->answer({ProbeAnswer::Outcome::No, false,
                    fmt::format("'{}' could not be started: {}", self->name_, why)});
    });
  }

  void answer(ProbeAnswer answer) {
    if (!on_answer_) return;
    const OnAnswer on_answer = std::exchange(on_answer_, nullptr);
    on_answer(std::move(answer));
  }

  boost::asio::io_context& io_;
  const std::string name_;
  const Duration timeout_;
  const Registry registry_;
  OnAnswer on_answer_;
  std::optional<process::Child> child_;
  boost::asio::posix::stream_descriptor output_;
  boost::asio::steady_timer deadline_;
  std::array<char, 4096> room_{};
  std::string tail_;
};

CommandProbe::CommandProbe(boost::asio::io_context& io, const ProbeQuestion& question,
                           const Launch& launch, Registry registry, OnAnswer on_answer)
    : run_(std::make_shared<Run>(io, question, std::move(registry), std::move(on_answer))) {
  run_->start(launch);
}

CommandProbe::~CommandProbe() {
  run_->end();
}

}  // namespace holdfast::supervisor
