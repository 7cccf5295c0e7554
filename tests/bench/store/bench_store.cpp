// SPDX-License-Identifier: Apache-2.0
// bench_store [DIRECTORY [SECONDS]]: what the SQLite store does on this machine, beside what the
// disk allows: the rate of 4 KiB writes that are each synced, measured before and after.

#include "common/base/id.hpp"
#include "common/os/fd.hpp"
#include "tests/bench/store/bench.hpp"

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace holdfast::bench {

using Clock = std::chrono::steady_clock;

Database::Database(const std::filesystem::path& parent)
    : directory_(parent / ("bench-store-" + make_uuid())) {
  std::filesystem::create_directory(directory_);
  const auto report = store::migrate_store("sqlite://" + (directory_ / "bench.db").native());
  if (!report) throw std::runtime_error(report.error().message);
}

Database::~Database() {
  std::filesystem::remove_all(directory_);
}

std::unique_ptr<store::Store> Database::open(bool relaxed) const {
  store::OpenOptions options;
  options.relaxed_durability = relaxed;
  auto opened =
      store::open_store("sqlite://" + (directory_ / "bench.db").native(), options, clock_);
  if (!opened) throw std::runtime_error(opened.error().message);
  return std::move(*opened);
}

store::NewDocument make_document() {
  store::NewDocument document;
  // Not make_uuid(): forked children share what their parent drew from the generator.
  static std::atomic<std::uint64_t> count{0};
  document.id = fmt::format("{:08x}-{:027x}", ::getpid(), ++count);
  document.title = "a title";
  document.content = std::string(200, 'x');
  return document;
}

std::int64_t register_worker(store::Store& store) {
  return await<std::int64_t>([&](auto done) {
    store.register_worker({"bench.0", 1, ""}, std::chrono::hours(1), done);
  });
}

Seconds cpu_time() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& t) {
    return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
  };
  return Seconds(seconds(usage.ru_utime) + seconds(usage.ru_stime));
}

double Latencies::percentile(double p) {
  if (all_.empty()) return 0;
  if (!sorted_) std::sort(all_.begin(), all_.end());
  sorted_ = true;
  const auto at = static_cast<std::size_t>(p * static_cast<double>(all_.size() - 1));
  return all_[at];
}

namespace {

void print_sync_rate(const std::filesystem::path& parent) {
  std::string path = (parent / "bench-sync-XXXXXX").native();
  const Fd file(::mkostemp(path.data(), O_CLOEXEC));
  ::unlink(path.c_str());
  const std::array<char, 4096> page{};
  Latencies latencies;
  const auto begin = Clock::now();
  while (Clock::now() - begin < std::chrono::milliseconds(500)) {
    const auto before = Clock::now();
    const auto at = static_cast<off_t>((latencies.count() % 1000) * page.size());
    if (::pwrite(file.get(), page.data(), page.size(), at) < 0 || ::fdatasync(file.get()) != 0) {
      throw std::runtime_error("fdatasync");
    }
    latencies.add(Clock::now() - before);
  }
  fmt::print("{:<58} {:>9.0f}/s   p50 {:6.3f} ms  p99 {:7.3f} ms\n", "disk: write 4 KiB, fdatasync",
             static_cast<double>(latencies.count()) / Seconds(Clock::now() - begin).count(),
             latencies.percentile(0.5), latencies.percentile(0.99));
}

}  // namespace

}  // namespace holdfast::bench

int main(int argc, char** argv) {
  using namespace holdfast::bench;
  const std::filesystem::path parent =
      argc > 1 ? std::filesystem::absolute(argv[1]) : std::filesystem::temp_directory_path();
  const double seconds = argc > 2 ? std::atof(argv[2]) : 2.0;
  std::setvbuf(stdout, nullptr, _IOLBF, 0);
  // The processes first: they are forked, and that must not happen beside threads.
  print_sync_rate(parent);
  bench_processes(parent, seconds);
  bench_writes(parent, seconds);
  bench_search(parent);
  print_sync_rate(parent);
  return 0;
}
