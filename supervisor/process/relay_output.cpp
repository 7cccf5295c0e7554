// SPDX-License-Identifier: Apache-2.0
#include "supervisor/process/relay_output.hpp"

#include <algorithm>
#include <utility>

namespace holdfast::supervisor::process {

RelayOutput::RelayOutput(std::unique_ptr<LogSink> sink, std::size_t limit, SinkErrors& errors)
    : sink_(std::move(sink)), limit_(limit), errors_(errors) {}

void RelayOutput::end() {
  const std::size_t bytes = text_.size() - attributed_;
  if (bytes == 0) return;
  if (!segments_.empty() && segments_.back().owner == owner_) {
    segments_.back().bytes += bytes;
  } else {
    segments_.push_back({owner_, bytes});
  }
  attributed_ = text_.size();
}

bool RelayOutput::make_room() {
  if (dropping_) return false;
  end();
  if (!blocked_) flush();
  // One read of very short lines grows many times over when they are wrapped; at twice the limit
  // even what has been read already is dropped.
  return text_.size() - start_ < 2 * limit_;
}

void RelayOutput::flush() {
  end();
  blocked_ = false;
  if (empty()) return;
  const LogSink::Written written = sink_->write(std::string_view(text_).substr(start_));
  taken(written.bytes);
  errors_.rotations.store(sink_->rotations(), std::memory_order_relaxed);
  if (written.outcome == LogSink::Outcome::WouldBlock) {
    blocked_ = true;
  } else if (written.outcome == LogSink::Outcome::Failed) {
    errors_.count.fetch_add(1, std::memory_order_relaxed);
    errors_.last.store(written.os_error, std::memory_order_relaxed);
    drop_all();
  }
  if (dropping_ && !half_full()) dropping_ = false;
}

void RelayOutput::drop_all() {
  end();
  for (auto at = text_.begin() + static_cast<std::ptrdiff_t>(start_);
       const Segment& s : segments_) {
    const auto stop = at + static_cast<std::ptrdiff_t>(s.bytes);
    s.owner->dropped.fetch_add(static_cast<std::uint64_t>(std::count(at, stop, '\n')),
                               std::memory_order_relaxed);
    at = stop;
  }
  sink_->skip_rest_of_line();
  taken(text_.size() - start_);
  dropping_ = false;
}

void RelayOutput::reopen() {
  sink_->reopen();
  flush();
}

void RelayOutput::taken(std::size_t bytes) {
  start_ += bytes;
  while (bytes > 0) {
    Segment& front = segments_.front();
    const std::size_t part = std::min(bytes, front.bytes);
    front.bytes -= part;
    bytes -= part;
    if (front.bytes == 0) segments_.pop_front();
  }
  if (empty()) {
    text_.clear();
    start_ = 0;
  } else if (start_ >= kWriteAt) {
    text_.erase(0, start_);
    start_ = 0;
  }
  attributed_ = text_.size();
}

}  // namespace holdfast::supervisor::process
