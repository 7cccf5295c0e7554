// SPDX-License-Identifier: Apache-2.0
#include "common/log/timestamp.hpp"

#include <array>
#include <limits>

namespace holdfast::log {

namespace {

constexpr std::size_t kSize = 24;  // "2026-11-23T11:42:43.482Z"
constexpr std::size_t kMilliseconds = 20;
constexpr std::size_t kTimeOfDay = 11;

// One memo per thread: no lock, and no observable state.
struct Memo {
  std::int64_t second = std::numeric_limits<std::int64_t>::min();
  std::array<char, kSize> text{};
};

const std::array<char, kSize>& timestamp(WallTime time) {
  thread_local Memo memo;
  const std::int64_t ms = to_unix_ms(time);
  const std::int64_t second = (ms >= 0 ? ms : ms - 999) / 1000;
  if (second != memo.second) {
    const std::string text = format_rfc3339(time);
    std::copy_n(text.begin(), std::min(text.size(), kSize), memo.text.begin());
    memo.second = second;
  }
  const auto millisecond = static_cast<unsigned>(ms - second * 1000);
  memo.text[kMilliseconds] = static_cast<char>('0' + millisecond / 100);
  memo.text[kMilliseconds + 1] = static_cast<char>('0' + millisecond / 10 % 10);
  memo.text[kMilliseconds + 2] = static_cast<char>('0' + millisecond % 10);
  return memo.text;
}

}  // namespace

void append_timestamp(Buffer& out, WallTime time) {
  const auto& text = timestamp(time);
  out.append(text.begin(), text.end());
}

void append_time_of_day(Buffer& out, WallTime time) {
  const auto& text = timestamp(time);
  out.append(text.begin() + kTimeOfDay, text.end() - 1);
}

}  // namespace holdfast::log
