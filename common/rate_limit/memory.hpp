// SPDX-License-Identifier: Apache-2.0
#pragma once

// Memory: the pages that hold a Table: either the supervisor's, shared with the other workers, or
// the private ones of a worker that runs alone.
//
// Threads: owned by one; access to the bytes is up to the Table.

#include "common/base/result.hpp"
#include "common/os/fd.hpp"

#include <cstddef>
#include <span>

namespace holdfast::rate_limit {

class Memory {
 public:
  // Maps all of `memfd`, whatever its size. The descriptor may be closed afterwards.
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
