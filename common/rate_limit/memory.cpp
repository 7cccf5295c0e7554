// SPDX-License-Identifier: Apache-2.0
#include "common/rate_limit/memory.hpp"

#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>

namespace holdfast::rate_limit {

namespace {

Result<std::span<std::byte>> map_pages(std::size_t bytes, int flags, int fd) {
  void* const pages = ::mmap(nullptr, bytes, PROT_READ | PROT_WRITE, flags, fd, 0);
  if (pages == MAP_FAILED) return fail_errno(errno, "map the rate-limit memory");
  return std::span(static_cast<std::byte*>(pages), bytes);
}

}  // namespace

Result<Memory> Memory::map(const Fd& memfd) {
  struct stat info {};
  if (::fstat(memfd.get(), &info) != 0) return fail_errno(errno, "stat the rate-limit memory");
  if (info.st_size <= 0)
    return fail(ErrorKind::InvalidArgument, "rate-limit memory: the shared memory is empty");
  HOLDFAST_TRY_ASSIGN(const auto bytes,
                      map_pages(static_cast<std::size_t>(info.st_size), MAP_SHARED, memfd.get()));
  return Memory(bytes);
}

Result<Memory> Memory::anonymous(std::size_t bytes) {
  HOLDFAST_TRY_ASSIGN(const auto pages, map_pages(bytes, MAP_SHARED | MAP_ANONYMOUS, -1));
  return Memory(pages);
}

Memory::~Memory() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

}  // namespace holdfast::rate_limit
