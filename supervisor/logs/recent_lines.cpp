// SPDX-License-Identifier: Apache-2.0
#include "supervisor/logs/recent_lines.hpp"

#include "common/text/glob.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::supervisor::logs {

namespace {

constexpr std::size_t kMaxBlock = 16 * 1024;  // consecutive lines of one worker share a block

// The last whole lines within `bytes`.
std::string_view end_of(std::string_view lines, std::size_t bytes) {
  if (lines.size() <= bytes) return lines;
  const std::size_t newline = lines.find('\n', lines.size() - bytes - 1);
  return newline == std::string_view::npos ? std::string_view{} : lines.substr(newline + 1);
}

}  // namespace

bool names_worker(std::string_view name, std::string_view worker) {
  if (name == "all" || text::glob_match(name, worker)) return true;
  const std::size_t dot = worker.rfind('.');
  return dot != std::string_view::npos && text::glob_match(name, worker.substr(0, dot));
}

bool name_worker(const std::vector<std::string>& names, std::string_view worker) {
  return names.empty() || std::any_of(names.begin(), names.end(), [&](const std::string& name) {
           return names_worker(name, worker);
         });
}

void RecentLines::append(std::string_view worker, std::string_view lines) {
  if (lines.empty()) return;
  const std::string_view kept = end_of(lines, std::min(kMaxAppend, capacity_));
  const std::lock_guard lock(mutex_);
  // What is left out of a large append precedes the block, so that a reader sees the gap.
  const bool gap = kept.size() < lines.size();
  position_ += lines.size();
  make_room(kept.size());
  if (!gap && !blocks_.empty() && blocks_.back().worker == worker &&
      blocks_.back().text.size() + kept.size() <= kMaxBlock) {
    blocks_.back().text += kept;
    blocks_.back().end = position_;
  } else if (!kept.empty()) {
    blocks_.push_back({position_, std::string(worker), std::string(kept)});
  }
  held_ += kept.size();
  if (std::exchange(armed_, false) && listener_) listener_();
}

void RecentLines::make_room(std::size_t bytes) {
  while (!blocks_.empty() && held_ + bytes > capacity_) {
    held_ -= blocks_.front().text.size();
    blocks_.pop_front();
  }
}

RecentLines::Page RecentLines::since(std::uint64_t position, const std::vector<std::string>& names,
                                     std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  Page page;
  page.next = std::min(position, position_);
  for (const Block& block : blocks_) {
    if (block.end <= page.next) continue;
    if (page.text.size() >= limit) return page;
    const std::uint64_t start = block.end - block.text.size();
    if (start > page.next) page.missed += start - page.next;
    const std::size_t skip = page.next > start ? page.next - start : 0;
    if (name_worker(names, block.worker)) page.text.append(block.text, skip);
    page.next = block.end;
  }
  page.missed += position_ - page.next;  // the last line of an append alone was too long
  page.next = position_;
  return page;
}

RecentLines::Page RecentLines::last(std::size_t count,
                                    const std::vector<std::string>& names) const {
  const std::lock_guard lock(mutex_);
  std::deque<std::string_view> lines;
  for (auto block = blocks_.rbegin(); block != blocks_.rend() && lines.size() < count; ++block) {
    if (!name_worker(names, block->worker)) continue;
    std::string_view text = block->text;
    while (!text.empty() && lines.size() < count) {
      const std::size_t before = text.rfind('\n', text.size() - 2);
      const std::size_t begin =
          before == std::string_view::npos || text.size() < 2 ? 0 : before + 1;
      lines.push_front(text.substr(begin));
      text = text.substr(0, begin);
    }
  }
  Page page;
  page.next = position_;
  for (const std::string_view line : lines)
    page.text += line;
  return page;
}

void RecentLines::listen(std::function<void()> listener) {
  const std::lock_guard lock(mutex_);
  listener_ = std::move(listener);
}

void RecentLines::arm() {
  const std::lock_guard lock(mutex_);
  armed_ = true;
}

}  // namespace holdfast::supervisor::logs
