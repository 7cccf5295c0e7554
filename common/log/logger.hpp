// SPDX-License-Identifier: Apache-2.0
#pragma once

// Logger: structured lines to one descriptor. JSON for machines, one object per line:
//
//   {"time":"2026-11-23T11:42:43.482Z","level":"info","msg":"…","request_id":"…",…}
//
// or pretty for people:  11:42:43.482 INFO  msg  key=value key="two words"
//
// Created once in main and passed by reference; there is no global registry. The supervisor adds
// "worker" and "pid" to its workers' lines, so they are not written here.
//
// Threads: every method may be called from any thread. Child loggers share the output with their
// parent and keep it alive. A process that logs to a pipe must ignore SIGPIPE.
//
// Errors: logging never throws and never fails its caller; lines that could not be written are
// counted by dropped().

#include "common/base/clock.hpp"
#include "common/base/result.hpp"
#include "common/log/level.hpp"

#include <array>
#include <atomic>
#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <initializer_list>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace holdfast::log {

// The value of an "err" field: "err":{"type":…,"message":…,"stack":…}. Views: valid for the call.
struct Err {
  std::string_view type;
  std::string_view message;
  std::string_view stack = {};  // empty: left out
};

// The same with its own text, for a call's arguments: {{"err", log::err_of(error)}}.
struct ErrText {
  std::string type;
  std::string message;
  std::string stack;
};
// type: the error's kind. The message has the contexts, the outermost first.
ErrText err_of(const Error& error);
// type: the class name. What is nested in it (std::throw_with_nested) follows in the message, as
// "outer: inner", and with its type in the stack, as "\ncaused by: type: inner".
ErrText err_of(const std::exception& error);
// The exception that is being handled, whatever it is; call inside of a catch.
ErrText err_of_current();

class RedactPaths;  // redact_paths.hpp

// One typed value. Text is not copied: it must outlive the call.
class Value {
 public:
  Value(std::string_view text) : data_(text) {}  // NOLINT: fields are written {"key", value}
  Value(const char* text) : data_(std::string_view(text)) {}
  Value(const std::string& text) : data_(std::string_view(text)) {}
  Value(bool flag) : data_(flag) {}
  Value(double number) : data_(number) {}
  template <std::signed_integral T>
  Value(T number) : data_(static_cast<std::int64_t>(number)) {}
  template <std::unsigned_integral T>
  requires(!std::same_as<T, bool>) Value(T number) : data_(static_cast<std::uint64_t>(number)) {}
  Value(Err error) : data_(error) {}
  Value(const ErrText& error) : data_(Err{error.type, error.message, error.stack}) {}

  using Data = std::variant<std::string_view, std::int64_t, std::uint64_t, double, bool, Err>;
  const Data& data() const { return data_; }

 private:
  Data data_;
};

struct Field {
  std::string_view key;
  Value value;
};
using FieldList = std::initializer_list<Field>;

struct LogOptions {
  Level level = Level::Info;
  Format format = Format::Json;
  bool colours = false;  // pretty only
  // Lines go through a bounded queue (kQueueLines) to a thread. When it is full, the oldest line is
  // dropped and counted, so that a stuck reader never blocks the caller.
  bool async = false;
  int fd = 1;  // not owned; open until the last Logger is gone
  // If set, lines below Warn wait for the end of the event loop's iteration and leave in one
  // write(2), which costs a busy loop and its reader far less than one write per line. The first
  // waiting line calls this, on the thread that logs, with a function that writes all of them: it
  // must run soon, but not inside the call. A Warn or Error is written at once, after the waiting
  // lines, which are also written when they reach 64 KiB and when the last Logger is destroyed.
  // No call waits for the reader: what a full pipe does not take waits for the next write, or for
  // flush(); beyond a megabyte, lines are dropped and counted. `async` does not apply.
  std::function<void(std::function<void()>)> defer = {};
  // If set, receives each finished line, without its newline, instead of `fd`; from any thread.
  // `async` does not apply. What it refers to must outlive the last Logger.
  std::function<void(std::string_view)> write = {};
  const Clock* clock = nullptr;  // null: the system's; otherwise it must outlive the last Logger
  // What is masked besides what always is (redact.hpp); null: nothing.
  std::shared_ptr<const RedactPaths> redact = nullptr;
  // If set, a level that somebody else may choose at any time: 0 for `level`, else 1 + the Level.
  // Outlives the last Logger.
  const std::atomic<std::uint8_t>* chosen_level = nullptr;
};

struct WaitingLines;  // output.hpp

inline constexpr std::size_t kQueueLines = 8192;
inline constexpr std::size_t kMaxLine = 64u << 10;  // with the newline; longer values end in "…"

// Options for lines to `fd`, coloured if it is a terminal.
LogOptions options_for(Level level, Format format, int fd = 1);

class Logger {
 public:
  explicit Logger(const LogOptions& options);

  // A logger that adds `fields` to each of its lines (a request id, a job id); at most 8 KiB.
  Logger with(FieldList fields) const;

  bool enabled(Level level) const;
  // At run time, for this logger, its parents and its children.
  void set_level(Level level) const;
  Level level() const;
  // The paths that are masked from now on.
  void set_redact(std::shared_ptr<const RedactPaths> paths) const;

  void log(Level level, std::string_view msg, std::span<const Field> fields) const;
  void log(Level level, std::string_view msg, FieldList fields = {}) const {
    log(level, msg, std::span(fields.begin(), fields.size()));
  }
  void trace(std::string_view msg, FieldList fields = {}) const { log(Level::Trace, msg, fields); }
  void debug(std::string_view msg, FieldList fields = {}) const { log(Level::Debug, msg, fields); }
  void info(std::string_view msg, FieldList fields = {}) const { log(Level::Info, msg, fields); }
  void warn(std::string_view msg, FieldList fields = {}) const { log(Level::Warn, msg, fields); }
  void error(std::string_view msg, FieldList fields = {}) const { log(Level::Error, msg, fields); }

  // With LogOptions::defer, the waiting lines, for a fatal-signal handler; otherwise null. Valid
  // until the last Logger is destroyed.
  const WaitingLines* waiting() const;

  // With LogOptions::defer, tries again to write what a full pipe has not taken. To be called now
  // and then.
  void flush() const;

  // Lines lost so far: the queue was full, or the descriptor did not take them.
  std::uint64_t dropped() const;

 private:
  struct Core;
  explicit Logger(std::shared_ptr<Core> core) : core_(std::move(core)) {}

  std::shared_ptr<Core> core_;
  std::string bound_;  // the fields of with(), formatted
};

}  // namespace holdfast::log
