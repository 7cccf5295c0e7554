// SPDX-License-Identifier: Apache-2.0
#include "common/base/id.hpp"

#include <sys/random.h>

#include <array>
#include <cerrno>
#include <system_error>

namespace holdfast {

namespace {

// One system call for 32 identifiers.
class Pool {
 public:
  std::span<const unsigned char, 16> take() {
    if (used_ == bytes_.size()) {
      fill_random(bytes_);
      used_ = 0;
    }
    used_ += 16;
    return std::span<const unsigned char, 16>(bytes_.data() + used_ - 16, 16);
  }

 private:
  std::array<unsigned char, 512> bytes_{};
  std::size_t used_ = bytes_.size();
};

}  // namespace

void fill_random(std::span<unsigned char> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::getrandom(bytes.data(), bytes.size(), 0);
    if (n < 0) {
      if (errno == EINTR) continue;
      throw std::system_error(errno, std::generic_category(), "getrandom");
    }
    bytes = bytes.subspan(static_cast<std::size_t>(n));
  }
}

std::string make_uuid() {
  thread_local Pool pool;
  constexpr char kHex[] = "0123456789abcdef";
  std::string out;
  out.reserve(36);
  int index = 0;
  for (unsigned char byte : pool.take()) {
    if (index == 4 || index == 6 || index == 8 || index == 10) out.push_back('-');
    if (index == 6) byte = static_cast<unsigned char>((byte & 0x0f) | 0x40);
    if (index == 8) byte = static_cast<unsigned char>((byte & 0x3f) | 0x80);
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 0x0f]);
    ++index;
  }
  return out;
}

}  // namespace holdfast
