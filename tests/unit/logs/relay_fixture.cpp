// SPDX-License-Identifier: Apache-2.0
#include "tests/unit/logs/relay_fixture.hpp"

#include "supervisor/logs/file_sink.hpp"
#include "supervisor/logs/stream_sink.hpp"

#include <poll.h>
#include <unistd.h>

#include <stdexcept>

namespace holdfast::supervisor::logs::test {

void Observer::on_ready_line(const core::ProcessId& process) {
  const std::lock_guard lock(mutex_);
  ready_.push_back(process);
}

std::vector<core::ProcessId> Observer::ready() const {
  const std::lock_guard lock(mutex_);
  return ready_;
}

void Observer::on_log_file(const std::string& program, const std::string& message) {
  const std::lock_guard lock(mutex_);
  log_file_messages_.push_back(program + ": " + message);
}

std::vector<std::string> Observer::log_file_messages() const {
  const std::lock_guard lock(mutex_);
  return log_file_messages_;
}

void Observer::on_error_line(const ErrorLine& line) {
  const std::lock_guard lock(mutex_);
  error_lines_.push_back(line);
}

std::vector<ErrorLine> Observer::error_lines() const {
  const std::lock_guard lock(mutex_);
  return error_lines_;
}

Collector::Collector(Fd fd) : fd_(std::move(fd)) {
  thread_ = std::thread([this] {
    std::vector<char> buffer(1 << 16);
    for (;;) {
      pollfd ready{fd_.get(), POLLIN, 0};
      const int count = ::poll(&ready, 1, 5);
      const ssize_t n = count > 0 ? ::read(fd_.get(), buffer.data(), buffer.size()) : 0;
      const std::lock_guard lock(mutex_);
      if (stop_ || (count > 0 && n <= 0)) return;
      text_.append(buffer.data(), static_cast<std::size_t>(n));
    }
  });
}

Collector::~Collector() {
  {
    const std::lock_guard lock(mutex_);
    stop_ = true;
  }
  thread_.join();
}

std::string Collector::text() const {
  const std::lock_guard lock(mutex_);
  return text_;
}

std::vector<std::string> Collector::lines() const {
  return lines_of(text());
}

Relay::Relay(std::unique_ptr<LogSink> sink, RelayOptions options)
    : relay(std::move(sink), options, &observer, clock) {
  REQUIRE(relay.start());
}

Fd Relay::worker(const core::ProcessId& process, const std::string& name, StreamKind kind,
                 const std::string& ready_pattern) {
  Pipe pipe;
  REQUIRE(relay.add_stream({process, name, 123, kind, std::move(pipe.read), ready_pattern}));
  return std::move(pipe.write);
}

Fd Relay::program(const core::ProcessId& process, const std::string& name, StreamKind kind) {
  Pipe pipe;
  LogStream stream;
  stream.process = process;
  stream.worker = name;
  stream.pid = 123;
  stream.kind = kind;
  stream.pipe = std::move(pipe.read);
  if (kind == StreamKind::Stderr) stream.level = log::Level::Warn;
  stream.join_stacks = true;
  REQUIRE(relay.add_stream(std::move(stream)));
  return std::move(pipe.write);
}

Launched Relay::launch(const core::ProcessId& process, const std::string& name,
                       const Arguments& arguments) {
  Pipe out;
  Pipe err;
  LaunchSpec spec = misbehaving(arguments, out.write.get());
  spec.fds.push_back({2, err.write.get()});
  Launcher launcher;
  auto launched = launcher.launch(spec);
  REQUIRE(launched);
  REQUIRE(relay.add_stream(
      {process, name, launched->pid, StreamKind::Stdout, std::move(out.read), ""}));
  REQUIRE(relay.add_stream(
      {process, name, launched->pid, StreamKind::Stderr, std::move(err.read), ""}));
  return std::move(*launched);
}

std::unique_ptr<LogSink> sink_to(const Fd& fd) {
  auto sink = make_stream_sink(fd.get());
  REQUIRE(sink);
  return std::move(*sink);
}

std::unique_ptr<LogSink> sink_to_file(const std::filesystem::path& path, std::uint64_t max_size,
                                      std::uint32_t max_files) {
  static const SystemClock clock;
  auto sink = make_file_sink(path, max_size, max_files, clock);
  REQUIRE(sink);
  return std::move(*sink);
}

void write_text(const Fd& fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t n = ::write(fd.get(), text.data(), text.size());
    // Also called by threads that write; Catch's assertions are the main thread's.
    if (n <= 0) throw std::runtime_error("write failed");
    text.remove_prefix(static_cast<std::size_t>(n));
  }
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t from = 0;
  for (std::size_t end = 0; (end = text.find('\n', from)) != std::string::npos; from = end + 1)
    lines.push_back(text.substr(from, end - from));
  if (from < text.size()) lines.push_back(text.substr(from) + " (unfinished)");
  return lines;
}

}  // namespace holdfast::supervisor::logs::test
