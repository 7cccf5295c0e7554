// SPDX-License-Identifier: Apache-2.0
#include "common/protocol/in_flight.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <utility>

namespace holdfast::protocol {

namespace {

using Word = std::uint64_t;
static_assert(std::atomic_ref<Word>::is_always_lock_free, "another process reads the words");

constexpr std::size_t kSlotWords = kInFlightSlotBytes / sizeof(Word);
// Of the header.
constexpr std::size_t kUnlistedWord = 0;
constexpr std::size_t kUsedWord = 1;
// Of a slot.
constexpr std::size_t kState = 0;
constexpr std::size_t kSizes = 1;  // kind, and the sizes of both texts
constexpr std::size_t kStarted = 2;
constexpr std::size_t kId = 3;
constexpr std::size_t kWhat = kId + kInFlightIdBytes / sizeof(Word);
static_assert(kWhat + kInFlightWhatBytes / sizeof(Word) == kSlotWords);

constexpr int kSizeSeals = F_SEAL_SHRINK | F_SEAL_GROW;

// Releases and acquires instead of fences, which ThreadSanitizer does not know. On x86 both are
// plain moves.
void store(Word& word, Word value) {
  std::atomic_ref<Word>(word).store(value, std::memory_order_release);
}
Word load(const Word& word) {
  return std::atomic_ref<Word>(const_cast<Word&>(word)).load(std::memory_order_acquire);
}

void store_text(std::span<Word> words, std::string_view text) {
  for (std::size_t i = 0; !text.empty(); ++i) {
    Word word = 0;
    const std::size_t size = std::min(text.size(), sizeof word);
    std::memcpy(&word, text.data(), size);
    store(words[i], word);
    text.remove_prefix(size);
  }
}

std::string load_text(std::span<const Word> words, std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t at = 0; at < size; at += sizeof(Word)) {
    const Word word = load(words[at / sizeof word]);
    std::memcpy(text.data() + at, &word, std::min(size - at, sizeof word));
  }
  std::replace_if(
      text.begin(), text.end(), [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return text;
}

Result<std::span<Word>> map_words(int fd, int protection) {
  const int seals = ::fcntl(fd, F_GET_SEALS);
  struct stat info {};
  if (seals < 0 || (seals & kSizeSeals) != kSizeSeals || ::fstat(fd, &info) != 0 ||
      info.st_size != static_cast<off_t>(kInFlightBytes)) {
    return fail(ErrorKind::InvalidArgument,
                "the descriptor is not the memory for what a worker is at");
  }
  void* const pages = ::mmap(nullptr, kInFlightBytes, protection, MAP_SHARED, fd, 0);
  if (pages == MAP_FAILED) return fail_errno(errno, "map the memory for what a worker is at");
  return std::span(static_cast<Word*>(pages), kInFlightBytes / sizeof(Word));
}

bool read_slot(std::span<const Word> slot, InFlightEntry& entry) {
  const Word state = load(slot[kState]);
  if (state == 0 || state % 2 != 0) return false;
  const Word sizes = load(slot[kSizes]);
  entry.kind = (sizes & 0xff) == static_cast<Word>(InFlightKind::Job) ? InFlightKind::Job
                                                                      : InFlightKind::Request;
  entry.started = MonoTime(Duration(static_cast<std::int64_t>(load(slot[kStarted]))));
  entry.id = load_text(slot.subspan(kId), std::min<Word>(sizes >> 8 & 0xff, kInFlightIdBytes));
  entry.what =
      load_text(slot.subspan(kWhat), std::min<Word>(sizes >> 16 & 0xff, kInFlightWhatBytes));
  return load(slot[kState]) == state;
}

}  // namespace

Result<Fd> make_in_flight_memory() {
  Fd fd(::memfd_create("in-flight", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!fd || ::ftruncate(fd.get(), static_cast<off_t>(kInFlightBytes)) != 0 ||
      ::fcntl(fd.get(), F_ADD_SEALS, kSizeSeals | F_SEAL_SEAL) != 0) {
    return fail_errno(errno, "make the memory for what a worker is at");
  }
  return fd;
}

Result<InFlightTable> InFlightTable::map(const Fd& memory) {
  HOLDFAST_TRY_ASSIGN(const std::span<Word> words, map_words(memory.get(), PROT_READ | PROT_WRITE));
  return InFlightTable(words);
}

InFlightTable::InFlightTable(std::span<std::uint64_t> words)
    : words_(words), free_count_(kInFlightSlots) {
  for (std::size_t i = 0; i < kInFlightSlots; ++i)
    free_[i] = static_cast<std::uint8_t>(kInFlightSlots - 1 - i);
}

InFlightTable::InFlightTable(InFlightTable&& other) noexcept
    : words_(std::exchange(other.words_, {})),
      generation_(other.generation_),
      unlisted_(other.unlisted_),
      used_(other.used_),
      free_(other.free_),
      free_count_(std::exchange(other.free_count_, 0)) {}

InFlightTable& InFlightTable::operator=(InFlightTable&& other) noexcept {
  std::swap(words_, other.words_);
  std::swap(generation_, other.generation_);
  std::swap(unlisted_, other.unlisted_);
  std::swap(used_, other.used_);
  std::swap(free_, other.free_);
  std::swap(free_count_, other.free_count_);
  return *this;
}

InFlightTable::~InFlightTable() {
  if (!words_.empty()) ::munmap(words_.data(), words_.size_bytes());
}

InFlightTable::Slot InFlightTable::begin(InFlightKind kind, std::string_view id,
                                         std::string_view verb, std::string_view object,
                                         MonoTime started) noexcept {
  if (words_.empty()) return kNone;
  if (free_count_ == 0) {
    store(words_[kUnlistedWord], ++unlisted_);
    return kUnlisted;
  }
  const Slot slot = free_[--free_count_];
  if (slot >= used_) store(words_[kUsedWord], used_ = slot + 1);
  const auto words = words_.subspan((slot + 1) * kSlotWords, kSlotWords);

  id = id.substr(0, kInFlightIdBytes);
  verb = verb.substr(0, kInFlightWhatBytes - 1);
  object = object.substr(0, kInFlightWhatBytes - 1 - verb.size());
  std::array<char, kInFlightWhatBytes> what;
  std::memcpy(what.data(), verb.data(), verb.size());
  what[verb.size()] = ' ';
  std::memcpy(what.data() + verb.size() + 1, object.data(), object.size());
  const std::size_t what_size = verb.size() + 1 + object.size();

  generation_ += 2;
  store(words[kState], generation_ - 1);
  store(words[kSizes], static_cast<Word>(kind) | id.size() << 8 | what_size << 16);
  store(words[kStarted], static_cast<Word>(started.time_since_epoch().count()));
  store_text(words.subspan(kId), id);
  store_text(words.subspan(kWhat), {what.data(), what_size});
  store(words[kState], generation_);
  return slot;
}

void InFlightTable::end(Slot slot) noexcept {
  if (words_.empty() || slot == kNone) return;
  if (slot == kUnlisted) {
    store(words_[kUnlistedWord], --unlisted_);
    return;
  }
  store(words_[(slot + 1) * kSlotWords + kState], 0);
  free_[free_count_++] = static_cast<std::uint8_t>(slot);
}

Result<InFlightContents> read_in_flight(int memory) {
  HOLDFAST_TRY_ASSIGN(const std::span<Word> words, map_words(memory, PROT_READ));
  InFlightContents contents;
  contents.unlisted = load(words[kUnlistedWord]);
  InFlightEntry entry;
  const std::size_t used = std::min<Word>(load(words[kUsedWord]), kInFlightSlots);
  for (std::size_t i = 1; i <= used; ++i) {
    if (read_slot(words.subspan(i * kSlotWords, kSlotWords), entry))
      contents.entries.push_back(std::move(entry));
  }
  ::munmap(words.data(), words.size_bytes());
  std::stable_sort(contents.entries.begin(), contents.entries.end(),
                   [](const auto& a, const auto& b) { return a.started < b.started; });
  return contents;
}

}  // namespace holdfast::protocol
