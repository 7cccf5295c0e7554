// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/relay_loop.hpp"

#include "supervisor/logs/error_reader.hpp"
#include "supervisor/logs/text_level.hpp"

#include <poll.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace holdfast::supervisor::logs {

namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
constexpr std::size_t kDrainReads = 16;  // together more than a pipe holds
constexpr std::string_view kOwnName = "holdfast";
constexpr Duration kPartialSweep = std::chrono::milliseconds(250);
constexpr Duration kRecordSweep = std::chrono::milliseconds(50);

std::string program_of(const std::string& worker) {
  return worker.substr(0, worker.rfind('.'));
}

int to_poll_ms(Duration duration) {
  const auto ms = std::chrono::ceil<std::chrono::milliseconds>(duration).count();
  return static_cast<int>(std::clamp<std::int64_t>(ms, 0, 60'000));
}

bool watch(int epoll, int operation, int fd, std::uint32_t events, void* tag) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = tag;
  return ::epoll_ctl(epoll, operation, fd, &event) == 0;
}

}  // namespace

ProgramLog& RelayMailbox::program(const std::string& name) {
  auto& slot = programs[name];
  if (!slot) slot = std::make_unique<ProgramLog>();
  return *slot;
}

void RelayMailbox::ring() {
  const std::uint64_t one = 1;
  // Fails only if the counter is full, in which case it is readable anyway.
  [[maybe_unused]] const ssize_t n = ::write(wake.get(), &one, sizeof one);
}

RelayLoop::RelayLoop(RelayMailbox& mailbox, std::unique_ptr<LogSink> sink, RelayOptions options,
                     LogObserver* observer, const Clock& clock)
    : mailbox_(mailbox),
      options_(std::move(options)),
      observer_(observer),
      clock_(clock),
      output_(std::move(sink), options_.buffer, options_.stall_limit, mailbox.sink_errors,
              mailbox.recent, clock),
      files_(
          options_.files,
          [observer](const std::string& program, const std::string& message) {
            if (observer != nullptr) observer->on_log_file(program, message);
          },
          clock),
      own_log_(mailbox.program("")),
      colour_(output_.sink().is_terminal()),
      buffer_(std::make_unique_for_overwrite<char[]>(kReadBytes)) {
  output_.set_level(options_.level);
  output_.set_redact(options_.redact);
  noticed_.wants_errors = observer != nullptr;
}

Result<void> RelayLoop::open() {
  epoll_.reset(::epoll_create1(EPOLL_CLOEXEC));
  mailbox_.wake.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!epoll_ || !mailbox_.wake) return fail_errno(errno, "start the log relay");
  watch(epoll_.get(), EPOLL_CTL_ADD, mailbox_.wake.get(), EPOLLIN, &mailbox_);
  return {};
}

bool RelayLoop::run() {
  while (!stop_at_)
    turn();
  return finish();
}

void RelayLoop::turn() {
  std::array<epoll_event, 64> events;
  const int count =
      ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), timeout_ms());
  time_.clear();
  bool mail = false;
  for (int i = 0; i < count; ++i) {
    void* const tag = events[static_cast<std::size_t>(i)].data.ptr;
    if (tag == &mailbox_) {
      mail = true;  // handled after the streams, because a command may remove them
    } else if (tag == &output_) {
      output_.flush();
    } else {
      read_once(*static_cast<RelayStream*>(tag));
    }
  }
  forget_closed();
  if (mail) run_mailbox();
  if (partials_ > 0) flush_old_partials();
  if (records_ > 0) flush_old_records();
  flush_output();
}

void RelayLoop::forget_closed() {
  for (const core::ProcessId& process : closed_) {
    const auto [first, last] = streams_.equal_range(process);
    for (auto it = first; it != last;)
      it = it->second->closed() ? streams_.erase(it) : std::next(it);
  }
  closed_.clear();
}

int RelayLoop::timeout_ms() const {
  if (records_ > 0) return to_poll_ms(kRecordSweep);
  return partials_ > 0 ? to_poll_ms(kPartialSweep) : -1;
}

std::string_view RelayLoop::time() {
  if (time_.empty()) time_ = format_rfc3339(clock_.wall());
  return time_;
}

void RelayLoop::run_mailbox() {
  std::uint64_t rings = 0;
  [[maybe_unused]] const ssize_t n = ::read(mailbox_.wake.get(), &rings, sizeof rings);
  std::vector<std::function<void(RelayLoop&)>> commands;
  {
    const std::lock_guard lock(mailbox_.mutex);
    commands.swap(mailbox_.commands);
  }
  take_inbound();
  for (auto& command : commands)
    command(*this);
  forget_closed();
}

void RelayLoop::take_inbound() {
  std::string lines;
  {
    const std::lock_guard lock(mailbox_.mutex);
    lines.swap(mailbox_.inbound);
  }
  if (lines.empty()) return;
  const auto count = static_cast<std::uint64_t>(std::count(lines.begin(), lines.end(), '\n'));
  own_log_.lines.fetch_add(count, std::memory_order_relaxed);
  own_log_.bytes.fetch_add(lines.size(), std::memory_order_relaxed);
  output_.begin(own_log_, kOwnName);
  if (output_.has_room()) {
    output_.text() += lines;
  } else {
    own_log_.dropped.fetch_add(count, std::memory_order_relaxed);
    output_.lost() += lines;
  }
  output_.end();
  if (observer_ != nullptr) notice_own_errors(lines);
}

// The supervisor writes few lines, so looking for "error" in all of them costs nothing.
void RelayLoop::notice_own_errors(std::string_view lines) {
  for (; !lines.empty(); lines.remove_prefix(std::min(lines.find('\n') + 1, lines.size()))) {
    LinePart part;
    part.text = lines.substr(0, lines.find('\n'));
    const bool error = is_own_error(part.text) || (options_.format == LineFormat::Pretty &&
                                                   text_level(part.text) == log::Level::Error);
    if (!error) continue;
    own_log_.errors.fetch_add(1, std::memory_order_relaxed);
    const MonoTime now = clock_.mono();
    if (!own_log_.error_budget.take(now)) continue;
    ErrorLine line = read_error_line(part, output_.redact());
    line.program = line.worker = kOwnName;
    line.time = now;
    line.left_out = own_log_.error_budget.take_left_out();
    observer_->on_error_line(line);
  }
}

void RelayLoop::add(LogStream stream, std::optional<ReadyLine> ready) {
  LineLabel label(stream.worker, stream.pid, stream.kind, options_.format, colour_, stream.source,
                  stream.level);
  ProgramLog* program = nullptr;
  {
    const std::lock_guard lock(mailbox_.mutex);
    program = &mailbox_.program(program_of(stream.worker));
    mailbox_.tails[stream.process];
    // The last lines of the direct predecessor may still be requested; drop older ones.
    const core::ProcessId predecessor{stream.process.slot, stream.process.incarnation - 1};
    mailbox_.tails.erase(mailbox_.tails.lower_bound({stream.process.slot, 0}),
                         mailbox_.tails.lower_bound(predecessor));
  }
  std::shared_ptr<LogFile> file = file_of(stream);
  auto added = std::make_unique<RelayStream>(std::move(stream), std::move(label), *program,
                                             std::move(file), std::move(ready), clock_);
  watch(epoll_.get(), EPOLL_CTL_ADD, added->fd(), EPOLLIN, added.get());
  const core::ProcessId process = added->process();
  streams_.emplace(process, std::move(added));
}

std::shared_ptr<LogFile> RelayLoop::file_of(const LogStream& stream) {
  if (stream.log_file.empty()) return nullptr;
  const std::string program = program_of(stream.worker);
  std::shared_ptr<LogFileCounters> counters;
  {
    const std::lock_guard lock(mailbox_.mutex);
    auto& known = mailbox_.files[program];
    if (!known) known = std::make_shared<LogFileCounters>();
    counters = known;
  }
  return files_.file(stream.log_file, stream.log_access, program, std::move(counters));
}

void RelayLoop::reopen() {
  output_.reopen();
  files_.reopen();
}

RelayLoop::Waiting RelayLoop::waiting_of(const RelayStream& stream) {
  return {stream.has_partial(), stream.holds_record()};
}

void RelayLoop::count_waiting(const RelayStream& stream, Waiting before) {
  const Waiting now = waiting_of(stream);
  partials_ = partials_ + (now.partial ? 1 : 0) - (before.partial ? 1 : 0);
  records_ = records_ + (now.record ? 1 : 0) - (before.record ? 1 : 0);
}

void RelayLoop::relay(RelayStream& stream, std::string_view chunk) {
  const Waiting before = waiting_of(stream);
  stream.relay(chunk, time(), output_, noticed_);
  count_waiting(stream, before);
  publish(stream);
}

void RelayLoop::flush_partial(RelayStream& stream, bool at_end) {
  const Waiting before = waiting_of(stream);
  stream.flush_partial(at_end, time(), output_, noticed_);
  count_waiting(stream, before);
  publish(stream);
}

void RelayLoop::flush_old_records() {
  const MonoTime limit = clock_.mono() - StackJoiner::kPatience;
  for (auto& entry : streams_) {
    RelayStream& stream = *entry.second;
    if (!stream.holds_record() || stream.record_since() > limit) continue;
    const Waiting before = waiting_of(stream);
    stream.flush_record(output_, noticed_);
    count_waiting(stream, before);
    publish(stream);
  }
}

void RelayLoop::publish(const RelayStream& stream) {
  if (!noticed_.tail.empty()) {
    const std::lock_guard lock(mailbox_.mutex);
    ProcessTail& tail = mailbox_.tails[stream.process()];
    const bool errors = stream.kind() == StreamKind::Stderr;
    const bool own = stream.source() == LineSource::Own;
    (errors ? tail.err : tail.out)
        .append(noticed_.tail, errors && own ? LineTail::kKeptOfStacks : LineTail::kKept);
  }
  if (observer_ != nullptr && noticed_.ready) observer_->on_ready_line(stream.process());
  for (const ErrorLine& line : noticed_.errors)
    observer_->on_error_line(line);
  noticed_.errors.clear();
  noticed_.tail.clear();
  noticed_.ready = false;
}

void RelayLoop::read_once(RelayStream& stream) {
  if (stream.closed()) return;
  std::string_view chunk;
  switch (stream.read({buffer_.get(), kReadBytes}, chunk)) {
    case RelayStream::Read::Nothing: return;
    case RelayStream::Read::End: return end_stream(stream);
    case RelayStream::Read::Some: break;
  }
  relay(stream, chunk);
}

void RelayLoop::read_all(RelayStream& stream) {
  for (std::size_t count = 0; count < kDrainReads && !stream.closed(); ++count) {
    pollfd ready{stream.fd(), POLLIN, 0};
    if (::poll(&ready, 1, 0) <= 0) return;
    read_once(stream);
  }
}

void RelayLoop::end_stream(RelayStream& stream) {
  if (stream.closed()) return;
  flush_partial(stream, true);
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, stream.fd(), nullptr);
  stream.close();
  closed_.push_back(stream.process());
}

void RelayLoop::flush_old_partials() {
  const MonoTime limit = clock_.mono() - options_.partial_flush;
  for (auto& entry : streams_) {
    RelayStream& stream = *entry.second;
    if (!stream.has_partial() || stream.partial_since() > limit) continue;
    flush_partial(stream, false);
  }
}

void RelayLoop::remove(const core::ProcessId& process) {
  const auto [first, last] = streams_.equal_range(process);
  for (auto it = first; it != last; ++it) {
    read_all(*it->second);
    end_stream(*it->second);
  }
  const std::lock_guard lock(mailbox_.mutex);
  mailbox_.tails.erase(process);
}

void RelayLoop::drain(const core::ProcessId& process) {
  const auto [first, last] = streams_.equal_range(process);
  for (auto it = first; it != last; ++it) {
    RelayStream& stream = *it->second;
    read_all(stream);
    if (!stream.closed()) flush_partial(stream, true);
  }
}

std::vector<std::string> RelayLoop::tail(const core::ProcessId& process, std::size_t count) {
  const std::lock_guard lock(mailbox_.mutex);
  const auto it = mailbox_.tails.find(process);
  return it == mailbox_.tails.end() ? std::vector<std::string>{} : it->second.last(count);
}

void RelayLoop::flush_output() {
  if (!output_.blocked()) output_.flush();
  if (!output_.blocked()) return;
  const int fd = output_.sink().poll_fd();
  const std::uint32_t once = EPOLLOUT | EPOLLONESHOT;
  if (!watch(epoll_.get(), EPOLL_CTL_MOD, fd, once, &output_)) {
    watch(epoll_.get(), EPOLL_CTL_ADD, fd, once, &output_);
  }
}

bool RelayLoop::finish() {
  time_.clear();
  for (auto& entry : streams_) {
    read_all(*entry.second);
    end_stream(*entry.second);
  }
  take_inbound();
  const bool all = write_rest();
  return files_.flush_and_stop(*stop_at_) && all;
}

bool RelayLoop::write_rest() {
  output_.flush();
  while (!output_.empty()) {
    const Duration left = *stop_at_ - clock_.mono();
    if (left <= Duration::zero()) {
      output_.drop_all();
      return false;
    }
    output_.wait_until_writable(left);
    output_.flush();
  }
  return true;
}

}  // namespace holdfast::supervisor::logs
