// SPDX-License-Identifier: Apache-2.0
#include "supervisor/engine/crash_stack.hpp"

#include <cxxabi.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

namespace holdfast::supervisor {

namespace {

constexpr std::string_view kUncaught = "uncaught exception ";
constexpr std::string_view kCause = "caused by ";
constexpr std::string_view kFatalSignal = "fatal signal ";
constexpr std::string_view kInThread = " in thread ";
constexpr std::string_view kThread = "thread ";
constexpr std::string_view kStack = ", stack:";
constexpr std::string_view kSilent = " is silent";

std::string demangle(const std::string& name) {
  if (!name.starts_with("_Z")) return name;  // "g" would be the type __float128
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> plain(
      abi::__cxa_demangle(name.c_str(), nullptr, nullptr, &status), std::free);
  return status == 0 && plain ? plain.get() : name;
}

struct FatalHeading {
  std::string signal;
  std::string thread;  // empty: it does not say
};

// "fatal signal SIGSEGV in thread store-writer 4712, stack:"
std::optional<FatalHeading> fatal_heading(std::string_view line) {
  if (!line.starts_with(kFatalSignal) || !line.ends_with(kStack)) return std::nullopt;
  line.remove_prefix(kFatalSignal.size());
  line.remove_suffix(kStack.size());
  const auto in = line.find(kInThread);
  if (in == std::string_view::npos) return FatalHeading{std::string(line), {}};
  return FatalHeading{std::string(line.substr(0, in)),
                      std::string(line.substr(in + kInThread.size()))};
}

// "thread job 4713, stack:", "thread log 4714 is silent"
std::optional<std::string> thread_heading(std::string_view line) {
  if (!line.starts_with(kThread)) return std::nullopt;
  line.remove_prefix(kThread.size());
  if (line.ends_with(kSilent)) return std::string(line);
  if (!line.ends_with(kStack)) return std::nullopt;
  line.remove_suffix(kStack.size());
  return std::string(line);
}

}  // namespace

std::optional<std::string> readable_frame(std::string_view line) {
  const auto open = line.find('(');
  // The C library of Debian 13 puts a space between the two, that of Debian 12 none.
  const auto close = std::min(line.rfind(")[0x"), line.rfind(") [0x"));
  if (open == std::string_view::npos || open == 0 || close == std::string_view::npos ||
      close < open || !line.ends_with(']')) {
    return std::nullopt;
  }
  const std::string_view path = line.substr(0, open);
  const std::string_view module = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  const std::string_view place = line.substr(open + 1, close - open - 1);
  const auto plus = place.rfind('+');
  const std::string name(place.substr(0, plus));
  const std::string_view offset = plus == std::string_view::npos ? "" : place.substr(plus);
  if (name.empty()) return fmt::format("{}{}", module, offset);
  return fmt::format("{}{} in {}", demangle(name), offset, module);
}

std::optional<CrashStack> stack_of(const std::vector<std::string>& lines) {
  std::optional<CrashStack> found;
  std::string first_thread;
  for (const std::string& line : lines) {
    if (const auto fatal = fatal_heading(line)) {
      found = CrashStack{fatal->signal, {}};
      first_thread = fatal->thread;
    } else if (found) {
      if (auto thread = thread_heading(line)) {
        found->threads.push_back({std::move(*thread), {}});
      } else if (auto frame = readable_frame(line)) {
        auto& frames = found->threads.empty() ? found->frames : found->threads.back().frames;
        frames.push_back(std::move(*frame));
      }
    }
  }
  if (found && found->frames.empty()) return std::nullopt;
  if (found && !found->threads.empty())
    found->threads.insert(found->threads.begin(), {first_thread, found->frames});
  return found;
}

std::optional<UncaughtException> uncaught_exception_in(const std::vector<std::string>& lines) {
  std::optional<UncaughtException> found;
  for (const std::string& line : lines) {
    const std::string_view text = line;
    if (text.starts_with(kUncaught)) {
      const std::string_view what = text.substr(kUncaught.size());
      const auto colon = what.find(": ");  // no name of a type contains one
      found = UncaughtException{std::string(what.substr(0, colon)), {}};
      if (colon != std::string_view::npos) found->message = what.substr(colon + 2);
    } else if (found && text.starts_with(kCause)) {
      found->message += fmt::format("{}{}", found->message.empty() ? "" : "; ", text);
    }
  }
  return found;
}

bool is_of_crash_handler(std::string_view line) {
  return fatal_heading(line) || thread_heading(line) || readable_frame(line) ||
         line.starts_with(kUncaught) || line.starts_with(kCause);
}

}  // namespace holdfast::supervisor
