// SPDX-License-Identifier: Apache-2.0
#include "common/log/logger.hpp"

#include "common/log/gathering_output.hpp"
#include "common/log/json_line.hpp"
#include "common/log/output.hpp"
#include "common/log/pretty_line.hpp"

#include <unistd.h>

#include <atomic>
#include <typeinfo>

namespace holdfast::log {

struct Logger::Core {
  explicit Core(const LogOptions& options)
      : level(options.level),
        format(options.format),
        colours(options.colours),
        clock(options.clock != nullptr ? *options.clock : system_clock),
        output(make_output(options)) {}

  static std::unique_ptr<Output> make_output(const LogOptions& options) {
    if (options.write) return make_forwarding_output(options.write);
    if (options.defer) return make_gathering_output(options.fd, options.defer);
    return options.async ? make_queued_output(options.fd) : make_direct_output(options.fd);
  }

  std::atomic<Level> level;
  const Format format;
  const bool colours;
  const SystemClock system_clock;
  const Clock& clock;
  const std::unique_ptr<Output> output;
};

Err err_of(const Error& error) {
  return {to_string(error.kind), error.message};
}
Err err_of(const std::exception& error) {
  return {typeid(error).name(), error.what()};
}

LogOptions options_for(Level level, Format format, int fd) {
  LogOptions options;
  options.level = level;
  options.format = format;
  options.fd = fd;
  options.colours = ::isatty(fd) == 1;
  return options;
}

Logger::Logger(const LogOptions& options) : core_(std::make_shared<Core>(options)) {}

Logger Logger::with(FieldList fields) const {
  Logger child(core_);
  Buffer buffer;
  buffer.append(bound_.data(), bound_.data() + bound_.size());
  const std::span list(fields.begin(), fields.size());
  if (core_->format == Format::Json) {
    append_json_fields(buffer, list, kMaxBound);
  } else {
    append_pretty_fields(buffer, list, kMaxBound);
  }
  child.bound_ = fmt::to_string(buffer);
  return child;
}

bool Logger::enabled(Level level) const {
  return level >= core_->level.load(std::memory_order_relaxed);
}

void Logger::set_level(Level level) const {
  core_->level.store(level, std::memory_order_relaxed);
}
Level Logger::level() const {
  return core_->level.load(std::memory_order_relaxed);
}

void Logger::log(Level level, std::string_view msg, std::span<const Field> fields) const {
  if (!enabled(level)) return;
  Buffer line;
  const WallTime now = core_->clock.wall();
  if (core_->format == Format::Json) {
    append_json_line(line, now, level, msg, bound_, fields);
  } else {
    append_pretty_line(line, now, level, msg, bound_, fields, core_->colours);
  }
  core_->output->write({line.data(), line.size()}, level >= Level::Warn);
}

const WaitingLines* Logger::waiting() const {
  return core_->output->waiting();
}

void Logger::flush() const {
  core_->output->flush();
}

std::uint64_t Logger::dropped() const {
  return core_->output->dropped();
}

}  // namespace holdfast::log
