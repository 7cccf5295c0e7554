// SPDX-License-Identifier: Apache-2.0
#pragma once

// LogFiles: the log files of single programs, beside the stack's log.
//
// A write to a file cannot be made to return while its disk hangs. So the log thread only hands
// lines over, and the files of each directory have a thread that writes them: what a disk does
// holds up the files on it and nothing else. A file's buffer is bounded; what does not fit, and
// what a full disk refuses, is dropped and counted.
//
// Threads: LogFiles and LogFile::append() belong to the log thread. The counters may be read from
// any. The observer is called on the log thread or a writer's, and never after flush_and_stop().

#include "common/base/clock.hpp"
#include "supervisor/logs/file_sink.hpp"

#include <atomic>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace holdfast::supervisor::logs {

struct LogFileCounters {
  std::atomic<std::uint64_t> dropped{0};  // lines
};

struct LogFileOptions {
  std::uint64_t max_size = 0;
  std::uint32_t max_files = 1;
  std::size_t buffer = 1 << 20;  // bytes held for one file
  // How a file is opened, if not as by make_lazy_file_sink().
  std::function<std::unique_ptr<LogSink>(const std::filesystem::path&)> open;
};

class LogWriter;

// One file. Lines are whole, and in the order of append().
class LogFile {
 public:
  virtual ~LogFile() = default;
  virtual void append(std::string_view lines) = 0;
};

class LogFiles {
 public:
  // Says that lines of a file begin to be lost, and why, or that they no longer are.
  using Observer = std::function<void(const std::string& program, const std::string& message)>;

  LogFiles(LogFileOptions options, Observer observer, const Clock& clock);
  ~LogFiles();  // abandons what has not been written

  // The file is opened by the first append(). The same path is the same file.
  std::shared_ptr<LogFile> file(const std::filesystem::path& path, const FileAccess& access,
                                const std::string& program,
                                std::shared_ptr<LogFileCounters> counters);

  void reopen();
  // Writes what is left. False: the deadline passed first. A thread that hangs is abandoned.
  bool flush_and_stop(MonoTime deadline);

 private:
  LogFileOptions options_;
  Observer observer_;
  const Clock& clock_;
  std::map<std::filesystem::path, std::shared_ptr<LogWriter>> writers_;  // by directory
};

}  // namespace holdfast::supervisor::logs
