// SPDX-License-Identifier: Apache-2.0
#include "common/log/logger.hpp"

#include "common/log/gathering_output.hpp"
#include "common/log/json_line.hpp"
#include "common/log/output.hpp"
#include "common/log/pretty_line.hpp"
#include "common/log/redact_paths.hpp"

#include <cxxabi.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <mutex>
#include <typeinfo>
#include <utility>
#include <vector>

namespace holdfast::log {

struct Logger::Core {
  explicit Core(const LogOptions& options)
      : level(options.level),
        format(options.format),
        colours(options.colours),
        clock(options.clock != nullptr ? *options.clock : system_clock),
        chosen_level(options.chosen_level),
        output(make_output(options)) {
    use(options.redact);
  }

  // What is replaced may be in use by another thread, so all are kept: a reload is rare.
  const RedactPaths* paths() const { return redact.load(std::memory_order_acquire); }
  void use(std::shared_ptr<const RedactPaths> paths) {
    const std::lock_guard lock(mutex);
    redact.store(paths.get(), std::memory_order_release);
    used_paths.push_back(std::move(paths));
  }

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
  const std::atomic<std::uint8_t>* const chosen_level;
  std::atomic<const RedactPaths*> redact{nullptr};
  std::mutex mutex;
  std::vector<std::shared_ptr<const RedactPaths>> used_paths;
  const std::unique_ptr<Output> output;
};

namespace {

std::string class_name(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> name(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), std::free);
  std::string text = status == 0 ? name.get() : type.name();
  // What std::throw_with_nested() makes of it.
  constexpr std::string_view kNested = "std::_Nested_exception<";
  if (text.starts_with(kNested) && text.ends_with('>'))
    text = text.substr(kNested.size(), text.size() - kNested.size() - 1);
  return text;
}

// The exception that is being handled, if it is not a std::exception.
ErrText err_of_unknown() {
  const std::type_info* const type = abi::__cxa_current_exception_type();
  return {type == nullptr ? "unknown" : class_name(*type), "not a std::exception", {}};
}

void add_cause(ErrText& text, const ErrText& cause) {
  text.message += ": " + cause.message;
  text.stack +=
      "\ncaused by: " + (cause.stack.empty() ? cause.type + ": " + cause.message : cause.stack);
}

constexpr int kMostCauses = 16;

ErrText err_with_causes(const std::exception& error, int most) {
  ErrText text{class_name(typeid(error)), error.what(), {}};
  const auto* const nested = dynamic_cast<const std::nested_exception*>(&error);
  if (nested == nullptr || !nested->nested_ptr() || most == 0) return text;
  ErrText cause;
  try {
    nested->rethrow_nested();
  } catch (const std::exception& inner) {
    cause = err_with_causes(inner, most - 1);
  } catch (...) {
    cause = err_of_unknown();
  }
  text.stack = text.type + ": " + text.message;
  add_cause(text, cause);
  return text;
}

}  // namespace

ErrText err_of(const Error& error) {
  return {std::string(to_string(error.kind)), error.message, {}};
}
ErrText err_of(const std::exception& error) {
  return err_with_causes(error, kMostCauses);
}
ErrText err_of_current() {
  if (!std::current_exception()) return {"unknown", "no exception", {}};
  try {
    throw;
  } catch (const std::exception& error) {
    return err_of(error);
  } catch (...) {
    return err_of_unknown();
  }
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
    append_json_fields(buffer, list, kMaxBound, core_->paths());
  } else {
    append_pretty_fields(buffer, list, kMaxBound, core_->paths());
  }
  child.bound_ = fmt::to_string(buffer);
  return child;
}

bool Logger::enabled(Level level) const {
  return level >= this->level();
}

void Logger::set_level(Level level) const {
  core_->level.store(level, std::memory_order_relaxed);
}
Level Logger::level() const {
  if (core_->chosen_level != nullptr) {
    const std::uint8_t chosen = core_->chosen_level->load(std::memory_order_relaxed);
    constexpr std::uint8_t kMost = static_cast<std::uint8_t>(Level::Error) + 1;
    if (chosen != 0) return static_cast<Level>(std::min(chosen, kMost) - 1);
  }
  return core_->level.load(std::memory_order_relaxed);
}
void Logger::set_redact(std::shared_ptr<const RedactPaths> paths) const {
  core_->use(std::move(paths));
}

void Logger::log(Level level, std::string_view msg, std::span<const Field> fields) const {
  if (!enabled(level)) return;
  Buffer line;
  const WallTime now = core_->clock.wall();
  if (core_->format == Format::Json) {
    append_json_line(line, now, level, msg, bound_, fields, core_->paths());
  } else {
    append_pretty_line(line, now, level, msg, bound_, fields, core_->colours, core_->paths());
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
