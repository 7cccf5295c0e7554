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

std::string_view program_of_worker(std::string_view worker) {
  return worker.substr(0, worker.rfind('.'));
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
  if (!kept.empty()) {
    const std::string_view program = program_of_worker(worker);
    auto share = shares_.find(program);
    if (share == shares_.end()) share = shares_.try_emplace(std::string(program)).first;
    Blocks& blocks = share->second.blocks;
    const bool follows = !gap && !blocks.empty() && last_worker_ == worker;
    if (follows && blocks.back().text.size() + kept.size() <= kMaxBlock) {
      blocks.back().text += kept;
      blocks.back().end = position_;
    } else {
      blocks.push_back({position_, std::string(worker), std::string(kept)});
    }
    share->second.held += kept.size();
    held_ += kept.size();
  }
  last_worker_ = kept.empty() ? std::string_view{} : worker;
  if (std::exchange(armed_, false) && listener_) listener_();
}

void RecentLines::make_room(std::size_t bytes) {
  while (!shares_.empty() && held_ + bytes > capacity_) {
    const auto largest = std::max_element(
        shares_.begin(), shares_.end(),
        [](const auto& a, const auto& b) { return a.second.held < b.second.held; });
    Share& share = largest->second;
    const std::size_t freed = share.blocks.front().text.size();
    share.blocks.pop_front();
    share.held -= freed;
    held_ -= freed;
    if (share.blocks.empty()) shares_.erase(largest);
  }
}

std::vector<const RecentLines::Block*> RecentLines::blocks_after(std::uint64_t position) const {
  std::vector<const Block*> found;
  for (const auto& [program, share] : shares_) {
    auto block = std::upper_bound(
        share.blocks.begin(), share.blocks.end(), position,
        [](std::uint64_t wanted, const Block& candidate) { return wanted < candidate.end; });
    for (; block != share.blocks.end(); ++block)
      found.push_back(&*block);
  }
  std::sort(found.begin(), found.end(),
            [](const Block* a, const Block* b) { return a->end < b->end; });
  return found;
}

RecentLines::Page RecentLines::since(std::uint64_t position, const std::vector<std::string>& names,
                                     std::size_t limit) const {
  const std::lock_guard lock(mutex_);
  Page page;
  page.next = std::min(position, position_);
  for (const Block* block : blocks_after(page.next)) {
    if (page.text.size() >= limit) return page;
    const std::uint64_t start = block->end - block->text.size();
    if (start > page.next) page.missed += start - page.next;
    const std::size_t skip = page.next > start ? page.next - start : 0;
    if (name_worker(names, block->worker)) page.text.append(block->text, skip);
    page.next = block->end;
  }
  page.missed += position_ - page.next;  // the last line of an append alone was too long
  page.next = position_;
  return page;
}

RecentLines::Page RecentLines::last(std::size_t count,
                                    const std::vector<std::string>& names) const {
  const std::lock_guard lock(mutex_);
  std::deque<std::string_view> lines;
  const std::vector<const Block*> blocks = blocks_after(0);
  for (auto block = blocks.rbegin(); block != blocks.rend() && lines.size() < count; ++block) {
    if (!name_worker(names, (*block)->worker)) continue;
    std::string_view text = (*block)->text;
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
