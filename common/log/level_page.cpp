// SPDX-License-Identifier: Apache-2.0
#include "common/log/level_page.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

namespace holdfast::log {

namespace {

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010  // Linux 5.1
#endif

// What is mapped before goes on being written; nobody maps it for writing any more.
constexpr int kPageSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL;

std::uint8_t byte_of(std::optional<Level> level) {
  return level ? static_cast<std::uint8_t>(1 + static_cast<int>(*level)) : std::uint8_t{0};
}

}  // namespace

Result<LevelPage> LevelPage::create() {
  Fd fd(::memfd_create("log-level", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ::ftruncate(fd.get(), kSlots) != 0)
    return fail_errno(errno, "create the memory for log levels");
  void* const memory = ::mmap(nullptr, kSlots, PROT_READ | PROT_WRITE, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return fail_errno(errno, "map the memory for log levels");
  LevelPage page(std::move(fd), static_cast<Byte*>(memory));
  if (::fcntl(page.fd(), F_ADD_SEALS, kPageSeals) != 0)
    return fail_errno(errno, "seal the memory for log levels");
  return page;
}

Result<LevelPage> LevelPage::open(Fd fd) {
  const int seals = ::fcntl(fd.get(), F_GET_SEALS);
  struct stat info {};
  // Without the seals a read of what was cut off would be SIGBUS.
  if (seals < 0 || (seals & kPageSeals) != kPageSeals || ::fstat(fd.get(), &info) != 0 ||
      info.st_size != static_cast<off_t>(kSlots)) {
    return fail(ErrorKind::InvalidArgument, "the descriptor is not the memory for log levels");
  }
  void* const memory = ::mmap(nullptr, kSlots, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (memory == MAP_FAILED) return fail_errno(errno, "map the memory for log levels");
  return LevelPage(std::move(fd), static_cast<Byte*>(memory));
}

LevelPage::LevelPage(LevelPage&& other) noexcept
    : fd_(std::move(other.fd_)), levels_(std::exchange(other.levels_, nullptr)) {}

LevelPage::~LevelPage() {
  if (levels_ != nullptr) ::munmap(levels_, kSlots);
}

void LevelPage::choose(std::uint32_t slot, std::optional<Level> level) {
  if (slot < kSlots) levels_[slot].store(byte_of(level), std::memory_order_relaxed);
}

void LevelPage::choose_all(std::optional<Level> level) {
  for (std::uint32_t slot = 0; slot < kSlots; ++slot)
    choose(slot, level);
}

const std::atomic<std::uint8_t>* LevelPage::at(std::uint32_t slot) const {
  return slot < kSlots ? levels_ + slot : nullptr;
}

}  // namespace holdfast::log
