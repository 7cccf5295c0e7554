// SPDX-License-Identifier: Apache-2.0
#pragma once

// StreamReader: a connection's end of a BodyStream: what it has read and what has been announced.
// Threads: the one that runs the io_context.

#include "common/http/message.hpp"

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace holdfast::http {

class StreamReader {
 public:
  // `on_news` runs whenever the stream may have something new; it should call note_news().
  void open(std::shared_ptr<BodyStream> stream, std::function<void()> on_news) {
    stream_ = std::move(stream);
    has_news_ = false;
    ended_ = false;
    stream_->on_news(std::move(on_news));
  }

  // Tells the stream that nobody reads any more.
  void close() {
    if (!stream_) return;
    stream_->on_news({});
    stream_.reset();
  }

  // Appends the next piece to `out`, possibly an empty one.
  void read(std::string& out) {
    has_news_ = false;
    ended_ = !stream_->read(out);
  }

  bool is_open() const { return stream_ != nullptr; }
  bool ended() const { return ended_; }  // the stream said so
  void note_news() { has_news_ = true; }
  bool has_news() const { return has_news_; }

 private:
  std::shared_ptr<BodyStream> stream_;
  bool has_news_ = false;
  bool ended_ = false;
};

}  // namespace holdfast::http
