// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory: the pages that a Table lives in: those behind the supervisor's descriptor, shared with
// the other workers, or private ones of a worker that runs alone.
//
// Threads: owned by one; the bytes are the table's business.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <cstddef>
#include <span>

namespace holdfast::rate_limit {

class Memory {
 public:
  // The whole object behind `memfd`, of whatever size it was made; the descriptor may be closed
  // afterwards.
  static Result<Memory> map(const Fd& memfd);
  static Result<Memory> anonymous(std::size_t bytes);

  Memory(Memory&& other) noexcept : bytes_(std::exchange(other.bytes_, {})) {}
  Memory& operator=(Memory&& other) noexcept {
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~Memory();

  std::span<std::byte> bytes() const { return bytes_; }

 private:
  explicit Memory(std::span<std::byte> bytes) : bytes_(bytes) {}
  std::span<std::byte> bytes_;
};

}  // namespace holdfast::rate_limit
