// SPDX-License-Identifier: Apache-2.0
#pragma once

// A running relay with pipes for workers, and an observer that records its calls.

#include "supervisor/logs/log_relay.hpp"
#include "tests/support/launched.hpp"

#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace holdfast::supervisor::logs::test {

using namespace holdfast::supervisor::process;
using namespace holdfast::supervisor::process::test;

class Observer final : public LogObserver {
 public:
  void on_ready_line(const core::ProcessId& process) override;
  void on_log_file(const std::string& program, const std::string& message) override;

  std::vector<core::ProcessId> ready() const;
  void on_error_line(const ErrorLine& line) override;

  std::vector<std::string> log_file_messages() const;
  std::vector<ErrorLine> error_lines() const;

 private:
  mutable std::mutex mutex_;
  std::vector<core::ProcessId> ready_;
  std::vector<std::string> log_file_messages_;
  std::vector<ErrorLine> error_lines_;
};

inline constexpr core::ProcessId kFirst{{1, 0}, 1};
inline constexpr core::ProcessId kSecond{{1, 1}, 1};

// Reads a pipe on a thread of its own, like an attentive reader of standard output.
class Collector {
 public:
  explicit Collector(Fd fd);
  ~Collector();
  std::string text() const;
  std::vector<std::string> lines() const;

 private:
  Fd fd_;
  mutable std::mutex mutex_;
  std::string text_;
  bool stop_ = false;
  std::thread thread_;
};

struct Relay {
  explicit Relay(std::unique_ptr<LogSink> sink, RelayOptions options = {});

  // A worker's stream; what is returned is the end to write to.
  Fd worker(const core::ProcessId& process, const std::string& name, StreamKind kind,
            const std::string& ready_pattern = "");
  // The same of a foreign program whose stack traces are joined.
  Fd program(const core::ProcessId& process, const std::string& name, StreamKind kind);
  // The misbehaving child as a worker, with both streams.
  Launched launch(const core::ProcessId& process, const std::string& name,
                  const Arguments& arguments);
  bool stop() { return relay.flush_and_stop(clock.mono() + kHang); }

  SystemClock clock;
  Observer observer;
  LogRelay relay;
};

std::unique_ptr<LogSink> sink_to(const Fd& fd);
std::unique_ptr<LogSink> sink_to_file(const std::filesystem::path& path, std::uint64_t max_size = 0,
                                      std::uint32_t max_files = 1);
void write_text(const Fd& fd, std::string_view text);
std::vector<std::string> lines_of(const std::string& text);

}  // namespace holdfast::supervisor::logs::test
