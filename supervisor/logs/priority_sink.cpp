// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/priority_sink.hpp"

#include "supervisor/logs/text_level.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <string>
#include <utility>

namespace holdfast::supervisor::logs {

namespace {

constexpr std::size_t kPrefix = 3;          // "<6>"
constexpr std::size_t kAtOnce = 64 * 1024;  // of what is given

char priority(log::Level level) {
  switch (level) {
    case log::Level::Error: return '3';
    case log::Level::Warn: return '4';
    case log::Level::Info: return '6';
    case log::Level::Debug:
    case log::Level::Trace: break;
  }
  return '7';
}

class PrioritySink final : public LogSink {
 public:
  explicit PrioritySink(std::unique_ptr<LogSink> sink) : sink_(std::move(sink)) {}

  Written write(std::string_view lines) override {
    Written total;
    while (!lines.empty()) {
      const std::string_view part = whole_lines(lines);
      prefix(part);
      const Written written = sink_->write(text_);
      const std::size_t taken = taken_of(part, written.bytes);
      total.bytes += taken;
      total.outcome = written.outcome;
      total.os_error = written.os_error;
      lines.remove_prefix(taken);
      if (written.outcome != Outcome::Done) break;
    }
    return total;
  }

  void skip_rest_of_line() override {
    sink_->skip_rest_of_line();
    begun_ = 0;
    at_line_start_ = true;
  }
  int poll_fd() const override { return sink_->poll_fd(); }
  bool is_terminal() const override { return sink_->is_terminal(); }
  void reopen() override { sink_->reopen(); }
  std::uint64_t rotations() const override { return sink_->rotations(); }

 private:
  // As many as are written at once, but at least one.
  static std::string_view whole_lines(std::string_view lines) {
    if (lines.size() <= kAtOnce) return lines;
    const std::size_t last = lines.rfind('\n', kAtOnce - 1);
    return lines.substr(0, (last == std::string_view::npos ? lines.find('\n') : last) + 1);
  }

  static std::string_view first_of(std::string_view lines) {
    const std::size_t end = lines.find('\n');
    return lines.substr(0, end == std::string_view::npos ? lines.size() : end + 1);
  }

  // What the sink below gets for it: without what it has of the first prefix already.
  void prefix(std::string_view lines) {
    text_.clear();
    bool start = at_line_start_;
    std::size_t skip = begun_;
    while (!lines.empty()) {
      const std::string_view line = first_of(lines);
      if (start) {
        const char mark[kPrefix] = {'<', priority_of_line(line), '>'};
        text_.append(mark + skip, kPrefix - skip);
      }
      skip = 0;
      text_.append(line);
      start = line.ends_with('\n');
      lines.remove_prefix(line.size());
    }
  }

  // How much of `lines` is in the first `written` bytes of their prefixed form.
  std::size_t taken_of(std::string_view lines, std::size_t written) {
    std::size_t taken = 0;
    while (written > 0) {
      if (at_line_start_) {
        const std::size_t mark = std::min(written, kPrefix - begun_);
        begun_ += mark;
        written -= mark;
        if (begun_ < kPrefix) break;
      }
      const std::string_view line = first_of(lines);
      const std::size_t part = std::min(written, line.size());
      if (part == 0) {
        at_line_start_ = false;  // its prefix is written, and nothing of it
        begun_ = 0;
        break;
      }
      at_line_start_ = line[part - 1] == '\n';
      begun_ = 0;
      taken += part;
      written -= part;
      lines.remove_prefix(part);
    }
    return taken;
  }

  std::unique_ptr<LogSink> sink_;
  std::string text_;
  std::size_t begun_ = 0;  // bytes of the next line's prefix that are written already
};

}  // namespace

bool is_journal(int fd, std::string_view journal_stream) {
  struct stat info {};
  if (journal_stream.empty() || ::fstat(fd, &info) != 0) return false;
  return journal_stream == fmt::format("{}:{}", info.st_dev, info.st_ino);
}

char priority_of_line(std::string_view line) {
  constexpr std::string_view kKey = R"(,"level":")";
  constexpr std::size_t kNear = 80;  // after the time, as every line of the log has it
  if (line.starts_with('{')) {
    const auto at = line.substr(0, kNear).find(kKey);
    if (at == std::string_view::npos) return priority(log::Level::Info);
    const std::string_view level = line.substr(at + kKey.size());
    for (const log::Level known : {log::Level::Error, log::Level::Warn, log::Level::Info,
                                   log::Level::Debug, log::Level::Trace}) {
      if (level.starts_with(log::to_string(known))) return priority(known);
    }
    return priority(log::Level::Info);
  }
  // "api-worker.0 | 11:42:43.482 ERROR no route"
  const auto bar = line.find(" | ");
  const std::string_view text = bar == std::string_view::npos ? line : line.substr(bar + 3);
  return priority(text_level(text).value_or(log::Level::Info));
}

std::unique_ptr<LogSink> make_priority_sink(std::unique_ptr<LogSink> sink) {
  return std::make_unique<PrioritySink>(std::move(sink));
}

}  // namespace holdfast::supervisor::logs
