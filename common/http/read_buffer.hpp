// SPDX-License-Identifier: Apache-2.0
#pragma once

// ReadBuffer: received bytes that are not consumed yet, contiguous. It starts without memory and
// frees it when it is empty and has grown, so that idle connections cost little.
// Threads: one at a time. What prepare() and view() return is valid until the next call.

#include <cstddef>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>

namespace holdfast::http {

class ReadBuffer {
 public:
  static constexpr std::size_t kSmall = 4096;

  std::string_view view() const { return {data_.get() + begin_, end_ - begin_}; }
  std::size_t size() const { return end_ - begin_; }
  bool empty() const { return begin_ == end_; }

  // Room for at least `room` more bytes.
  std::span<char> prepare(std::size_t room) {
    if (capacity_ - end_ < room) make_room(room);
    return {data_.get() + end_, capacity_ - end_};
  }
  void commit(std::size_t count) { end_ += count; }

  void consume(std::size_t count) {
    begin_ += count;
    if (begin_ == end_) begin_ = end_ = 0;
  }

  void shrink_if_empty() {
    if (!empty() || capacity_ <= kSmall) return;
    data_.reset();
    capacity_ = 0;
  }

 private:
  void make_room(std::size_t room) {
    const std::size_t used = size();
    if (capacity_ - used >= room) {
      std::memmove(data_.get(), data_.get() + begin_, used);
    } else {
      std::size_t wanted = capacity_ == 0 ? kSmall : capacity_ * 2;
      while (wanted - used < room)
        wanted *= 2;
      std::unique_ptr<char[]> bigger(new char[wanted]);  // not zeroed: the socket fills it
      if (used != 0) std::memcpy(bigger.get(), data_.get() + begin_, used);
      data_ = std::move(bigger);
      capacity_ = wanted;
    }
    begin_ = 0;
    end_ = used;
  }

  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace holdfast::http
